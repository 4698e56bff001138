/* SPDX-License-Identifier: MIT */
/*
 * A broker behind ssh: the command line, the child, the pipes. NVRM_SSH replaces the program
 * (with its options, as a shell would take them); NVRM_REMOTE is what nvrm-cli is called on the
 * other side.
 */
#include "ssh.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { CLOSE_MS = 2000, SLICE_MS = 10 };

struct ssh {
    pid_t pid;
    struct stream_pair pair;
};

/* Places */

/* Names of hosts and users, and no options: what ssh or a shell could take for something else
 * is refused. */
static bool
is_host(const char *s, size_t bytes)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._-@:%[]";

    if (!bytes || *s == '-' || *s == '@' || s[bytes - 1] == '@')
        return false;
    for (size_t i = 0; i < bytes; i++) {
        if (!strchr(legal, s[i]) || (s[i] == '@' && s[i + 1] == '-'))
            return false;
    }
    return true;
}

static int
bad_place(struct gsp_error *err, const char *what, const char *text)
{
    gsp_fail(err, GSP_ORIGIN_INPUT, -EINVAL, "-t: %s in 'ssh:%s'", what, text);
    gsp_hint(err, "for example ssh://node1, ssh://root@node1:2222/nvidia:0, "
                  "'ssh://node1/emu:GH100?fw=570.144'");
    return -EINVAL;
}

/* ":2222" behind the host; colons inside of brackets belong to the address. */
static const char *
find_port(const char *host, size_t bytes)
{
    const char *close = memchr(host, ']', bytes);
    const char *from = close ? close : host;
    const char *colon = memchr(from, ':', bytes - (size_t)(from - host));

    return colon;
}

static bool
is_port(const char *s, size_t bytes)
{
    return bytes && bytes <= 5 && strspn(s, "0123456789") >= bytes &&
           strtoul(s, NULL, 10) - 1 < 65535;
}

int
ssh_place_parse(const char *text, struct ssh_place *place, struct gsp_error *err)
{
    const char *host = text + 2, *slash, *port;
    size_t bytes, host_bytes;

    memset(place, 0, sizeof(*place));
    if (strncmp(text, "//", 2))
        return bad_place(err, "no //", text);
    slash = strchr(host, '/');
    bytes = slash ? (size_t)(slash - host) : strlen(host);
    port = bytes ? find_port(host, bytes) : NULL;
    host_bytes = port ? (size_t)(port - host) : bytes;
    if (!is_host(host, host_bytes))
        return bad_place(err, host_bytes ? "no name of a host" : "no host", text);
    if (port && !is_port(port + 1, bytes - host_bytes - 1))
        return bad_place(err, "no number of a port", text);
    if (slash && !strncmp(slash + 1, "ssh:", 4))
        return bad_place(err, "a host behind a host (ssh -J, ProxyJump)", text);
    place->host = strndup(host, host_bytes);
    place->port = port ? strndup(port + 1, bytes - host_bytes - 1) : NULL;
    place->transport = slash && slash[1] ? strdup(slash + 1) : NULL;
    if (place->host && (!port || place->port) && (!slash || !slash[1] || place->transport))
        return 0;
    ssh_place_fini(place);
    return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
}

void
ssh_place_fini(struct ssh_place *place)
{
    free(place->host);
    free(place->port);
    free(place->transport);
    memset(place, 0, sizeof(*place));
}

/* The command */

/* A word that a shell takes as it is. */
static void
quote(struct gsp_text *t, const char *word)
{
    gsp_text_puts(t, "'");
    for (; *word; word++) {
        if (*word == '\'')
            gsp_text_puts(t, "'\\''");
        else
            gsp_text_add(t, word, 1);
    }
    gsp_text_puts(t, "'");
}

static void
add_option(struct gsp_text *t, const char *option, const char *value)
{
    if (!value)
        return;
    gsp_text_printf(t, " %s ", option);
    quote(t, value);
}

/* What the other side runs. The policy has been judged here: it is told to let pass what this
 * side's options allow beyond the default. */
static void
remote_command(struct gsp_text *t, const struct ssh_place *place, const struct cli_options *o)
{
    const char *program = getenv("NVRM_REMOTE");

    quote(t, program && *program ? program : "nvrm-cli");
    gsp_text_puts(t, " broker");
    add_option(t, "-t", place->transport);
    if (o->firmware && strcmp(o->firmware, "auto"))
        add_option(t, "-F", o->firmware);
    if (o->timeout_ns)
        gsp_text_printf(t, " --timeout %.3f", (double)o->timeout_ns / 1e9);
    if (o->unsafe || o->policy)
        gsp_text_puts(t, " --unsafe");
}

static int
spawn(struct ssh *s, const struct ssh_place *place, char *command, int theirs_in,
      int theirs_out)
{
    const char *program = getenv("NVRM_SSH");
    char line[1024];
    char *argv[10] = {(char *)"sh", (char *)"-c", line, (char *)"ssh", (char *)"-T"};
    unsigned argc = 5;
    posix_spawn_file_actions_t actions;
    int rc;

    if (place->port) {
        argv[argc++] = (char *)"-p";
        argv[argc++] = place->port;
    }
    argv[argc++] = place->host;
    argv[argc] = command;
    if ((size_t)snprintf(line, sizeof(line), "exec %s \"$@\"",
                         program && *program ? program : "ssh") >= sizeof(line))
        return E2BIG;
    rc = posix_spawn_file_actions_init(&actions);
    if (rc)
        return rc;
    rc = posix_spawn_file_actions_adddup2(&actions, theirs_in, STDIN_FILENO);
    if (!rc)
        rc = posix_spawn_file_actions_adddup2(&actions, theirs_out, STDOUT_FILENO);
    if (!rc)
        rc = posix_spawn(&s->pid, "/bin/sh", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Pipes as socket pairs: a write to a broker that is gone is an error, never a SIGPIPE. */
static int
start(struct ssh *s, const struct ssh_place *place, char *command)
{
    int ends[2];
    int rc;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return errno;
    rc = spawn(s, place, command, ends[1], ends[1]);
    close(ends[1]);
    s->pair = (struct stream_pair){ends[0], ends[0]};
    if (rc)
        return rc;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return 0;
}

int
ssh_open(const struct ssh_place *place, const struct cli_options *options, struct ssh **ssh_out,
         struct gsp_error *err)
{
    struct ssh *s = calloc(1, sizeof(*s));
    struct gsp_text command = {0};
    int rc;

    if (!s)
        return gsp_fail(err, GSP_ORIGIN_LOCAL, -ENOMEM, "out of memory");
    s->pair = (struct stream_pair){-1, -1};
    remote_command(&command, place, options);
    rc = command.rc < 0 ? ENOMEM : start(s, place, command.data);
    gsp_text_fini(&command);
    if (rc) {
        ssh_close(s);
        return gsp_fail(err, GSP_ORIGIN_TRANSPORT, -rc, "ssh cannot be started: %s",
                        strerror(rc));
    }
    *ssh_out = s;
    return 0;
}

/* The broker ends when its stdin does; what does not end by itself is ended. */
static void
reap(pid_t pid)
{
    static const int signals[] = {0, SIGTERM, SIGKILL};

    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (signals[i])
            kill(pid, signals[i]);
        for (int ms = 0; ms < CLOSE_MS; ms += SLICE_MS) {
            const pid_t got = waitpid(pid, NULL, WNOHANG);

            if (got == pid || (got < 0 && errno != EINTR))
                return;
            (void)poll(NULL, 0, SLICE_MS);
        }
    }
}

void
ssh_close(struct ssh *s)
{
    if (!s)
        return;
    if (s->pair.in >= 0) {
        shutdown(s->pair.in, SHUT_RDWR);
        close(s->pair.in);
    }
    if (s->pid > 0)
        reap(s->pid);
    free(s);
}

/* Streams */

static int
wait_for(int fd, short events, int timeout_ms)
{
    struct pollfd p = {.fd = fd, .events = events};
    const int n = poll(&p, 1, timeout_ms);

    return n > 0 ? 0 : -EAGAIN; /* a signal is a reason to look at the clock */
}

static ssize_t
read_stream(void *ctx, void *to, size_t bytes, int timeout_ms)
{
    const struct stream_pair *pair = ctx;
    ssize_t n;

    if (wait_for(pair->in, POLLIN, timeout_ms) < 0)
        return -EAGAIN;
    n = read(pair->in, to, bytes);
    if (n >= 0)
        return n;
    if (errno == ECONNRESET)
        return 0;
    return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

static ssize_t
write_stream(void *ctx, const void *from, size_t bytes, int timeout_ms)
{
    const struct stream_pair *pair = ctx;
    ssize_t n;

    if (wait_for(pair->out, POLLOUT, timeout_ms) < 0)
        return -EAGAIN;
    n = send(pair->out, from, bytes, MSG_NOSIGNAL);
    if (n < 0 && errno == ENOTSOCK)
        n = write(pair->out, from, bytes);
    if (n >= 0)
        return n;
    return errno == EINTR || errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

struct gsp_remote_io
stream_io(struct stream_pair *pair)
{
    return (struct gsp_remote_io){.ctx = pair, .read = read_stream, .write = write_stream};
}

struct gsp_remote_io
ssh_io(struct ssh *s)
{
    return stream_io(&s->pair);
}
