/* SPDX-License-Identifier: MIT */
/*
 * nvrm-emu: emulated cards for clients in other processes, over vfio-user.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <emu/fault.h>

#include "nearest.h"
#include "server.h"

enum { EXIT_CARD = 3, EXIT_MISUSE = 2 };

static volatile sig_atomic_t stop;

/* One card as the command line describes it; --socket ends the description. */
struct wish {
    const char *chip, *release, *faults;
    uint64_t fb_bytes;
    bool preboot, retain, verbose, lenient, debug_fused;
};

static void
on_signal(int number)
{
    (void)number;
    stop = 1;
}

static void
usage(FILE *to)
{
    fputs(
        "usage: nvrm-emu [--chip CHIP] [--vram SIZE] [--fw RELEASE] [--fault FAULT]\n"
        "                [--preboot] [--retain] [--verbose] [--lenient] [--debug-fused]\n"
        "                --socket PATH ...\n"
        "       nvrm-emu --list | --list-faults | --help | --version\n"
        "\n"
        "Serves emulated cards to vfio-user clients, one card behind each --socket. Options\n"
        "hold for the cards whose --socket follows them.\n"
        "\n"
        "  --chip CHIP      AD102 unless said otherwise; --list names them\n"
        "  --vram SIZE      bytes, or with K, M, G; the chip's unless said otherwise\n"
        "  --fw RELEASE     of the GSP-RM that runs on the card; the newest by default\n"
        "  --fault FAULT    by name, or TRIGGER=EFFECT[,...]; --list-faults names them\n"
        "  --preboot        GSP-RM starts when its second mailbox is written\n"
        "  --retain         keep the card's state when its client goes; it is reset otherwise\n"
        "  --lenient        note deviations that firmware refuses, and go on\n"
        "  --debug-fused    the card takes debug-signed ucode alone\n"
        "  --verbose        say on stderr what the card refuses, and why\n"
        "  --socket PATH    where the card's client connects\n",
        to);
}

static int
misuse(const char *what, const char *value)
{
    fprintf(stderr, "nvrm-emu: %s%s%s\n", what, value ? " " : "", value ? value : "");
    fputs("nvrm-emu: --help names the options\n", stderr);
    return EXIT_MISUSE;
}

/* The names that one word may be. */
typedef const char *(*name_at)(unsigned i);

static bool
suggest(const char *word, name_at name)
{
    const char *best = NULL;
    unsigned least = NVRM_FAR;

    for (unsigned i = 0; name(i); i++) {
        const unsigned distance = nvrm_name_distance(word, name(i), least);

        if (distance < least) {
            least = distance;
            best = name(i);
        }
    }
    if (best)
        fprintf(stderr, "nvrm-emu: did you mean %s?\n", best);
    return best != NULL;
}

static const char *
chip_at(unsigned i)
{
    return emu_chip_at(i) ? emu_chip_at(i)->name : NULL;
}

static const char *
fault_at(unsigned i)
{
    struct emu_fault_row row;

    return emu_fault_row_at(i, &row) ? row.name : NULL;
}

static const char *
release_at(unsigned i)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    return i < nvrm_release_count(s) ? nvrm_release_name(s, i) : NULL;
}

static bool
has_name(const char *word, name_at name)
{
    for (unsigned i = 0; name(i); i++)
        if (!strcmp(name(i), word))
            return true;
    return false;
}

/* What may have been meant when a card could not be made. */
static void
suggest_card(const struct wish *w)
{
    if (w->chip && !has_name(w->chip, chip_at))
        (void)suggest(w->chip, chip_at);
    else if (w->faults && !strpbrk(w->faults, ":=,") && !has_name(w->faults, fault_at))
        (void)suggest(w->faults, fault_at);
}

static bool
parse_bytes(const char *text, uint64_t *bytes_out)
{
    static const char units[] = "KMGT";
    char *end;
    const unsigned long long number = strtoull(text, &end, 0);
    const char *unit = *end ? strchr(units, *end & ~0x20) : NULL;
    const unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;

    if (end == text || *text == '-' || (*end && (!unit || end[1])) ||
        number > UINT64_MAX >> shift)
        return false;
    *bytes_out = (uint64_t)number << shift;
    return true;
}

static int
find_release(const char *name, struct nvrm_abi *abi_out)
{
    const struct nvrm_schema *s = nvrm_schema_builtin();

    *abi_out = (struct nvrm_abi){s, name ? nvrm_release_find(s, name) : nvrm_release_newest(s)};
    return abi_out->release == NVRM_NO_RELEASE ? -ENOENT : 0;
}

/* The card is as silent as hardware; its notes are for who writes a driver. */
static void
print_note(void *ctx, const char *note)
{
    fprintf(stderr, "%s: %s\n", (const char *)ctx, note);
}

static int
add_card(struct vu_server *server, const struct wish *w, const char *path)
{
    struct emu_config config = {.chip = w->chip,
                                .inject = w->faults,
                                .fb_bytes = w->fb_bytes,
                                .lenient = w->lenient,
                                .debug_fused = w->debug_fused};
    struct vu_card_config card = {.path = path, .preboot = w->preboot, .retain = w->retain};
    char message[256] = "";
    int rc;

    if (w->verbose) {
        config.on_note = print_note;
        config.note_ctx = (void *)(uintptr_t)path; /* of argv */
    }
    if (find_release(w->release, &config.abi) < 0) {
        misuse("unknown release", w->release);
        if (!suggest(w->release, release_at))
            fprintf(
                stderr, "nvrm-emu: the newest is %s; nvrm-cli schema list releases\n",
                nvrm_release_name(config.abi.schema, nvrm_release_newest(config.abi.schema)));
        return EXIT_MISUSE;
    }
    rc = emu_gpu_create(&config, &card.gpu, message, sizeof(message));
    if (rc < 0) {
        fprintf(stderr, "nvrm-emu: %s\n", *message ? message : strerror(-rc));
        suggest_card(w);
        return rc == -EINVAL || rc == -ENOENT ? EXIT_MISUSE : EXIT_CARD;
    }
    rc = vu_server_add(server, &card);
    if (rc < 0) {
        fprintf(stderr, "nvrm-emu: %s: %s\n", path, strerror(-rc));
        return EXIT_CARD;
    }
    printf("%s %s %s\n", w->chip ? w->chip : "AD102",
           nvrm_release_name(config.abi.schema, config.abi.release), path);
    return 0;
}

static int
list_cards(void)
{
    for (unsigned i = 0; emu_chip_at(i); i++)
        printf("%-6s %s, %llu MiB\n", emu_chip_at(i)->name, emu_chip_at(i)->product,
               (unsigned long long)emu_chip_at(i)->fb_bytes >> 20);
    return 0;
}

static int
list_faults(void)
{
    struct emu_fault_row row;

    for (unsigned i = 0; emu_fault_row_at(i, &row); i++)
        printf("%-20s %-9s %-20s %s\n", row.name, row.group, row.chips, row.effect);
    puts("");
    for (unsigned i = 0; emu_fault_trigger_at(i); i++)
        puts(emu_fault_trigger_at(i));
    return 0;
}

/* Options that say something and are done. */
static int (*find_listing(const char *option))(void)
{
    if (!strcmp(option, "--list"))
        return list_cards;
    return !strcmp(option, "--list-faults") ? list_faults : NULL;
}

/* 0 is no size: without --vram the card has its chip's. */
static int
take_size(struct wish *w, const char *value)
{
    if (parse_bytes(value, &w->fb_bytes) && w->fb_bytes)
        return 0;
    misuse("--vram: no size:", value);
    fputs("nvrm-emu: 1 GiB to 1 TiB in steps of 64 MiB, for example 8G\n", stderr);
    return EXIT_MISUSE;
}

static int
take_option(struct vu_server *server, struct wish *w, const char *name, const char *value)
{
    if (!value)
        return misuse("a value is missing behind", name);
    if (!strcmp(name, "--chip"))
        w->chip = value;
    else if (!strcmp(name, "--fw"))
        w->release = value;
    else if (!strcmp(name, "--fault"))
        w->faults = value;
    else if (!strcmp(name, "--vram"))
        return take_size(w, value);
    else if (!strcmp(name, "--socket"))
        return add_card(server, w, value);
    else
        return misuse("unknown option", name);
    return 0;
}

static int
take_options(struct vu_server *server, int argc, char **argv)
{
    struct wish w = {0};
    int rc = 0;

    for (int i = 1; i < argc && rc == 0; i++) {
        if (!strcmp(argv[i], "--preboot"))
            w.preboot = true;
        else if (!strcmp(argv[i], "--retain"))
            w.retain = true;
        else if (!strcmp(argv[i], "--verbose"))
            w.verbose = true;
        else if (!strcmp(argv[i], "--lenient"))
            w.lenient = true;
        else if (!strcmp(argv[i], "--debug-fused"))
            w.debug_fused = true;
        else if (strncmp(argv[i], "--", 2))
            rc = misuse("unexpected word", argv[i]);
        else {
            rc = take_option(server, &w, argv[i], argv[i + 1]);
            i++;
        }
    }
    return rc;
}

/* The signals that end the program are let in while it waits and at no other time. */
static void
catch_signals(sigset_t *wait_mask)
{
    const struct sigaction action = {.sa_handler = on_signal};
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    sigprocmask(SIG_BLOCK, &ours, wait_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigdelset(wait_mask, SIGINT);
    sigdelset(wait_mask, SIGTERM);
    sigdelset(wait_mask, SIGHUP);
}

static int
serve(int argc, char **argv)
{
    struct vu_server *server = vu_server_create();
    sigset_t wait_mask;
    int rc;

    if (!server)
        return EXIT_FAILURE;
    catch_signals(&wait_mask);
    rc = take_options(server, argc, argv);
    if (rc == 0) {
        fflush(stdout);
        rc = vu_dma_guard();
        if (rc == 0)
            rc = vu_server_run(server, &stop, &wait_mask);
        if (rc < 0) {
            fprintf(stderr, "nvrm-emu: %s\n", strerror(-rc));
            rc = EXIT_FAILURE;
        }
    }
    vu_server_destroy(server);
    return rc;
}

int
main(int argc, char **argv)
{
    if (argc == 2 && find_listing(argv[1]))
        return find_listing(argv[1])();
    if (argc == 2 && !strcmp(argv[1], "--help")) {
        usage(stdout);
        return 0;
    }
    if (argc == 2 && !strcmp(argv[1], "--version")) {
        puts("nvrm-emu " NVRM_VERSION);
        return 0;
    }
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--socket"))
            return serve(argc, argv);
    return misuse("no --socket: nothing to serve", NULL);
}
