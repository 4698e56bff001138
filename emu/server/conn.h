/* SPDX-License-Identifier: MIT */
/*
 * One client's connection: bytes of a stream socket into messages, replies back. Never blocks;
 * reads one message's bytes at a time, so that descriptors stay with the message they came
 * with.
 */
#ifndef VU_CONN_H
#define VU_CONN_H

#include "device.h"

struct vu_conn;

/** Takes fd (made non-blocking). NULL when out of memory: fd is closed then, too. */
struct vu_conn *vu_conn_create(int fd, struct vu_device *dev);
void vu_conn_destroy(struct vu_conn *c);

int vu_conn_fd(const struct vu_conn *c);
/** POLLIN, or POLLOUT while a reply waits for the client to read. */
short vu_conn_events(const struct vu_conn *c);
/** Do what the socket allows. False when the connection is over. */
bool vu_conn_run(struct vu_conn *c);

#endif
