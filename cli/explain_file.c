/* SPDX-License-Identifier: MIT */
/*
 * explain FILE: a kernel log or bug report, also compressed, or a CrashCat dump.
 *
 * Names are those of the release that the log names, or of -F.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "explain.h"

enum { INFLATED_MAX = 512 << 20 };

static int
explain_log(struct cli *cli, struct nvrm_abi abi, const char *name, const char *text,
            size_t bytes, bool brief)
{
    struct explain_reading r = {.abi = abi, .fixed = cli->options.firmware != NULL};

    r.doc = json_pack("{s:s, s:s}", "kind", "log", "file", name);
    json_object_set_new(r.doc, "gpus", json_array());
    r.findings = json_array();
    r.xids = json_object();
    gsp_crash_scan(text, bytes, explain_find, &r);
    json_object_set_new(r.doc, "release",
                        json_string(nvrm_release_name(abi.schema, r.abi.release)));
    json_object_set_new(r.doc, "incidents", explain_links(r.findings));
    if (!json_array_size(r.findings))
        cli_note(cli, "%s: no Xid, RPC history, crash report or assertion in it", name);
    if (!brief)
        json_object_set(r.doc, "findings", r.findings);
    json_decref(r.findings);
    json_decref(r.xids);
    return cli_emit(cli, &(struct cli_doc){.json = r.doc, .text = explain_print_log});
}

static int
explain_dump(struct cli *cli, const struct fw_file *f)
{
    struct gsp_error err = {0};
    json_t *doc = explain_crash_reports(f, &err);

    if (!doc)
        return cli_fail(cli, &err);
    return cli_emit(cli, &(struct cli_doc){.json = doc, .text = explain_print_crash});
}

/* Text has no zero bytes near its beginning. */
static bool
is_text(const struct fw_file *f)
{
    const size_t n = f->src.bytes < 4096 ? (size_t)f->src.bytes : 4096;

    return !n || !memchr(f->src.data, 0, n);
}

static bool
is_compressed(const struct fw_file *f)
{
    const uint8_t *p = (const uint8_t *)f->src.data;

    return f->src.bytes > 2 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8;
}

/* More room behind *text; false when there is none or the file pretends to hold too much. */
static bool
grow(char **text, size_t *room)
{
    const size_t more = *room ? *room * 2 : 1 << 20;
    char *p = more <= INFLATED_MAX ? realloc(*text, more) : NULL;

    if (!p)
        return false;
    *text = p;
    *room = more;
    return true;
}

/* All members of a gzip file. What came before a damaged place is used. 0, -ENOMEM or -EBADMSG
 * when nothing could be read. */
static int
inflate_all(const struct fw_file *f, char **text_out, size_t *bytes_out, bool *cut_out)
{
    z_stream z = {.next_in = f->src.data, .avail_in = (uInt)f->src.bytes};
    size_t room = 0, used = 0;
    int rc = Z_OK;

    *text_out = NULL;
    if (inflateInit2(&z, 31) != Z_OK)
        return -ENOMEM;
    while (rc == Z_OK) {
        if (used == room && !grow(text_out, &room)) {
            rc = Z_MEM_ERROR;
            break;
        }
        z.next_out = (Bytef *)*text_out + used;
        z.avail_out = (uInt)(room - used);
        rc = inflate(&z, Z_NO_FLUSH);
        used = room - z.avail_out;
        if (rc == Z_STREAM_END && z.avail_in > 2 && z.next_in[0] == 0x1f)
            rc = inflateReset(&z);
        else if (rc == Z_BUF_ERROR && z.avail_in)
            rc = Z_OK;
    }
    inflateEnd(&z);
    *bytes_out = used;
    *cut_out = rc != Z_STREAM_END;
    return rc == Z_MEM_ERROR ? -ENOMEM : used ? 0 : -EBADMSG;
}

static int
explain_compressed(struct cli *cli, struct nvrm_abi abi, const struct fw_file *f, bool brief)
{
    struct gsp_error err = {0};
    bool cut = false;
    char *text;
    size_t bytes = 0;
    int rc = inflate_all(f, &text, &bytes, &cut);

    if (rc == -ENOMEM) {
        gsp_fail(&err, GSP_ORIGIN_INPUT, rc, "%s holds more than %d MiB or memory is short",
                 f->src.name, INFLATED_MAX >> 20);
    } else if (rc < 0) {
        gsp_fail(&err, GSP_ORIGIN_PROTOCOL, rc, "%s is no whole gzip file", f->src.name);
        gsp_hint(&err, "gzip -t %s says where it breaks", f->src.name);
    }
    if (rc == 0 && cut)
        cli_note(cli, "%s: the gzip file is damaged or cut; what comes before is used",
                 f->src.name);
    rc = rc < 0 ? cli_fail(cli, &err) : explain_log(cli, abi, f->src.name, text, bytes, brief);
    free(text);
    return rc;
}

int
explain_file(struct cli *cli, const char *path, const char *kind, bool brief)
{
    struct gsp_error err = {0};
    struct nvrm_abi abi;
    struct fw_file f;
    int rc;

    if (cli_abi(cli, &abi, &err) < 0)
        return cli_fail(cli, &err);
    if (fw_file_read(path, &f, &err) < 0) {
        if (err.rc == -ENOENT)
            gsp_hint(&err, "name a log, or - for stdin: dmesg | nvrm-cli explain -");
        return cli_fail(cli, &err);
    }
    if (gsp_crash_is_report(f.src.data, f.src.bytes) || (kind && !is_text(&f)))
        rc = explain_dump(cli, &f);
    else if (is_compressed(&f))
        rc = explain_compressed(cli, abi, &f, brief);
    else if (is_text(&f))
        rc = explain_log(cli, abi, f.src.name, (const char *)f.src.data, f.src.bytes, brief);
    else
        rc = cli_usage(cli,
                       "kernel logs, bug reports and CrashCat dumps are; log gsp reads GSP "
                       "logs, fw info firmware",
                       "%s is nothing that explain reads", path);
    fw_file_free(&f);
    return rc;
}
