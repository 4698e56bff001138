/* SPDX-License-Identifier: MIT */
/* nvrm-chips: a chip file with one thing wrong is refused, with the line. */
#include "test.h"

#include <sys/wait.h>
#include <unistd.h>

static char *
read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 65536);

    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, f) > 0);
    fclose(f);
    return text;
}

/* AD102's file with `from` replaced; what nvrm-chips says about it. */
static int
run(const char *from, const char *to, char *said, size_t said_bytes)
{
    char *text = read_file(NVRM_SOURCE_DIR "/schemas/chips/AD102.yaml");
    char path[] = "/tmp/nvrm-chip-XXXXXX", command[512];
    char *at = strstr(text, from);
    int fd = mkstemp(path), rc;
    size_t n = 0;
    FILE *f;

    assert_non_null(at);
    assert_true(fd >= 0);
    f = fdopen(fd, "wb");
    fwrite(text, 1, (size_t)(at - text), f);
    fputs(to, f);
    fputs(at + strlen(from), f);
    fclose(f);
    snprintf(command, sizeof(command), NVRM_CHIPS " /dev/null %s 2>&1", path);
    f = popen(command, "r");
    assert_non_null(f);
    n = fread(said, 1, said_bytes - 1, f);
    said[n] = '\0';
    rc = pclose(f);
    unlink(path);
    free(text);
    return WEXITSTATUS(rc);
}

static void
a_good_file_is_accepted(void **state)
{
    char said[1024];

    (void)state;
    assert_int_equal(run("AD102", "AD102", said, sizeof(said)), 0);
    assert_string_equal(said, "");
}

static void
mistakes_are_refused_with_file_and_line(void **state)
{
    static const struct {
        const char *from, *to, *says;
    } list[] = {
        {"  l2_kib: 73728",         "  l2_kb: 73728",          "l2_kb"        },
        {"  l2_kib: 73728\n",       "",                        "l2_kib"       },
        {"  bus_bits: 384",         "  bus_bits: wide",        "bus_bits"     },
        {"  bus_bits: 384",         "  bus_bits: 7",           "bus_bits"     },
        {"tpcs: [6, ",              "tpcs: [7, ",              "tpcs"         },
        {"tpcs: [6, ",              "tpcs: [6, 6, 6, ",        "GPCs"         },
        {"display: true",           "display: maybe",          "true or false"},
        {"name: AD102",             "nom: AD102",              "nom"          },
        {"- {name: GR0, runlist",   "- {nmae: GR0, runlist",   "nmae"         },
        {"fault_id: 64, ",          "",                        "fault_id"     },
        {"GRAPHICS_PM:",            "GRAPHICS_MP:",            "GRAPHICS_MP"  },
        {"GRAPHICS_PM: [",          "GRAPHICS_PM: [1, ",       "[bytes"       },
        {"id: {architecture: 0x19", "id: {architecture: 0x99", "architecture" },
        {"\nmemory:",               "\nmemory: [",             "error"        },
    };
    char said[1024];

    (void)state;
    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        const char *line;

        assert_int_equal(run(list[i].from, list[i].to, said, sizeof(said)), 1);
        line = strstr(said, ": error: ");
        if (!line || !strstr(said, list[i].says) || !strstr(said, "/tmp/nvrm-chip-"))
            fail_msg("%s -> %s: %s", list[i].from, list[i].to, said);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_is_accepted),
        cmocka_unit_test(mistakes_are_refused_with_file_and_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
