/* SPDX-License-Identifier: MIT */
/*
 * Compares our disassembler with nvdisasm, instruction by instruction.
 *
 *   sass_compare random SM COUNT [SEED [MNEMONIC]]   legal instructions made from the tables
 *   sass_compare flip SM FILE [MNEMONIC]             every one-bit change of instructions in
 * FILE sass_compare code SM FILE                        the instructions of a raw file
 *
 * NVRM_NVDISASM names nvdisasm. Prints the first differences of each mnemonic and a summary
 * line; exit code 0 when there are none, 1 when there are, 77 when nvdisasm is not there.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nvrm/sass.h>
#include <sass/text.h>

#include <nvrm/sass_table.h>

#include "sass_random.h"

struct insn {
    uint64_t code[2];
    char *theirs; /* NULL: nvdisasm refused it */
    bool ours_known;
};

struct work {
    unsigned sm;
    struct insn *p;
    size_t n, cap;
    uint64_t seed;
    const char *only;
};

static void
push(struct work *w, const uint64_t code[2])
{
    if (w->n == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 4096;
        w->p = realloc(w->p, w->cap * sizeof(*w->p));
        if (!w->p)
            abort();
    }
    w->p[w->n++] = (struct insn){
        .code = {code[0], code[1]}
    };
}

static void
fill_random(struct work *w, size_t count)
{
    const int index = nvrm_sass_sm_index(w->sm);
    unsigned *forms = calloc(sass_form_count, sizeof(*forms)), n = 0;
    uint64_t code[2];

    if (!forms || index < 0)
        abort();
    for (unsigned i = 0; i < sass_form_count; i++)
        if ((sass_forms[i].sms >> index & 1) &&
            (!w->only || !strcmp(w->only, sass_text + sass_forms[i].name)))
            forms[n++] = i;
    while (n && w->n < count) {
        const unsigned at = (unsigned)((sass_rnd(&w->seed) >> 20) % n);

        if (sass_random_insn(&w->seed, w->sm, forms[at], w->n * 16, code)) {
            push(w, code);
        } else {
            fprintf(stderr, "no legal instruction found for %s 0x%03x\n",
                    sass_text + sass_forms[forms[at]].name, sass_forms[forms[at]].code);
            forms[at] = forms[--n];
        }
    }
    free(forms);
}

static bool
fill_file(struct work *w, const char *path, bool flips)
{
    FILE *f = fopen(path, "rb");
    uint64_t code[2];

    if (!f) {
        perror(path);
        return false;
    }
    while (fread(code, sizeof(code), 1, f) == 1) {
        if (!flips)
            push(w, code);
        for (unsigned bit = 0; flips && bit < 105; bit++) {
            uint64_t other[2] = {code[0], code[1]};

            other[bit >> 6] ^= UINT64_C(1) << (bit & 63);
            push(w, other);
        }
    }
    fclose(f);
    return true;
}

/* nvdisasm */

static const uint64_t nop[2] = {0x7918, 0x000fc00000000000};

static void
write_code(const struct work *w, const bool *bad, const char *path)
{
    FILE *f = fopen(path, "wb");

    if (!f)
        abort();
    for (size_t i = 0; i < w->n; i++)
        if (fwrite(bad[i] ? nop : w->p[i].code, 16, 1, f) != 1)
            abort();
    if (fclose(f))
        abort();
}

static void
take_line(struct work *w, const bool *bad, char *line)
{
    char *p = strstr(line, "/*"), *text, *end;
    unsigned long addr;

    if (!p)
        return;
    addr = strtoul(p + 2, &end, 16);
    if (strncmp(end, "*/", 2) || addr % 16 || addr / 16 >= w->n || bad[addr / 16])
        return;
    text = end + 2 + strspn(end + 2, " \t");
    text[strcspn(text, ";\n")] = 0;
    for (size_t n = strlen(text); n && (text[n - 1] == ' ' || text[n - 1] == '\t'); n--)
        text[n - 1] = 0;
    free(w->p[addr / 16].theirs);
    w->p[addr / 16].theirs = strdup(text);
}

/* Runs it once. Number of instructions that it newly refused, or -1. */
static int
run_once(struct work *w, bool *bad, const char *path, const char *tool)
{
    char command[512], *line = NULL, *p;
    size_t cap = 0;
    int refused = 0;
    FILE *f;

    snprintf(command, sizeof(command), "'%s' -b SM%u '%s' 2>&1", tool, w->sm, path);
    f = popen(command, "r");
    if (!f)
        return -1;
    while (getline(&line, &cap, f) >= 0) {
        p = strstr(line, "address 0x");
        if (p) {
            const unsigned long at = strtoul(p + 10, NULL, 16) / 16;

            if (at < w->n && !bad[at]) {
                bad[at] = true;
                refused++;
            }
        } else {
            take_line(w, bad, line);
        }
    }
    free(line);
    pclose(f);
    return refused;
}

static bool
ask(struct work *w, const char *tool)
{
    char path[] = "/tmp/sass_compare_XXXXXX";
    bool *bad = calloc(w->n + 1, 1);
    int fd = mkstemp(path), refused = 1;

    if (!bad || fd < 0)
        abort();
    close(fd);
    for (int round = 0; refused > 0 && round < 2000; round++) {
        write_code(w, bad, path);
        refused = run_once(w, bad, path, tool);
    }
    unlink(path);
    free(bad);
    return refused == 0;
}

/* The verdict */

struct tally {
    char mnemonic[32];
    unsigned count;
};

static unsigned
tally(struct tally *t, unsigned n, const char *text)
{
    char name[32];
    unsigned i;

    text += *text == '@' ? strcspn(text, " ") + 1 : 0;
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, " ."), text);
    for (i = 0; i < n && *t[i].mnemonic && strcmp(t[i].mnemonic, name); i++)
        ;
    if (i == n)
        return 1000;
    strcpy(t[i].mnemonic, name);
    return t[i].count++;
}

static int
judge(struct work *w)
{
    static struct tally differ[400], missing[400], illegal[400];
    const struct sass_print how = {.sm = w->sm, .exact = true};
    unsigned same = 0, wrong = 0, unknown = 0, refused = 0, both = 0;

    for (size_t i = 0; i < w->n; i++) {
        struct insn *in = &w->p[i];
        struct nvrm_sass_insn insn;
        char ours[SASS_LINE];
        const bool known = nvrm_sass_decode(w->sm, in->code, i * 16, &insn);
        const bool theirs = in->theirs && !strstr(in->theirs, "???") &&
                            !strstr(in->theirs, "INVALID") && !strstr(in->theirs, "?PM");

        if (known)
            sass_print(&how, &insn, ours);
        if (!known && !theirs) {
            both++;
        } else if (!known) {
            if (tally(missing, 400, in->theirs) < 2)
                printf("unknown  %016llx %016llx  %s\n", (unsigned long long)in->code[0],
                       (unsigned long long)in->code[1], in->theirs);
            unknown++;
        } else if (!theirs) {
            if (tally(illegal, 400, ours) < 2)
                printf("illegal  %016llx %016llx  %s | %s\n", (unsigned long long)in->code[0],
                       (unsigned long long)in->code[1], ours, in->theirs ? in->theirs : "-");
            refused++;
        } else if (strcmp(ours, in->theirs)) {
            if (tally(differ, 400, in->theirs) < 2)
                printf("differ   %016llx %016llx\n    ours   %s\n    theirs %s\n",
                       (unsigned long long)in->code[0], (unsigned long long)in->code[1], ours,
                       in->theirs);
            wrong++;
        } else {
            same++;
        }
    }
    printf("sm_%u: %zu instructions: %u same, %u differ, %u unknown to us, %u unknown to "
           "nvdisasm, %u to both\n",
           w->sm, w->n, same, wrong, unknown, refused, both);
    return wrong || unknown || refused;
}

int
main(int argc, char **argv)
{
    struct work w = {.seed = 0x9e3779b97f4a7c15};
    const char *tool = getenv("NVRM_NVDISASM");
    int rc;

    if (argc < 4 || nvrm_sass_sm_index((unsigned)atoi(argv[2])) < 0) {
        fprintf(stderr,
                "usage: sass_compare random SM COUNT [SEED [MNEMONIC]] | flip SM FILE | "
                "code SM FILE\n");
        return 2;
    }
    if (!tool) {
        fprintf(stderr, "skipped: NVRM_NVDISASM does not name nvdisasm\n");
        return 77;
    }
    w.sm = (unsigned)atoi(argv[2]);
    if (!strcmp(argv[1], "random")) {
        w.seed += argc > 4 ? strtoull(argv[4], NULL, 0) * UINT64_C(0x1234567890abcdef) : 0;
        w.only = argc > 5 ? argv[5] : NULL;
        fill_random(&w, strtoul(argv[3], NULL, 0));
    } else if (!fill_file(&w, argv[3], !strcmp(argv[1], "flip"))) {
        return 2;
    }
    if (!ask(&w, tool)) {
        fprintf(stderr, "nvdisasm failed\n");
        return 1;
    }
    rc = judge(&w);
    for (size_t i = 0; i < w.n; i++)
        free(w.p[i].theirs);
    free(w.p);
    return rc;
}
