/* SPDX-License-Identifier: MIT */
/* cmocka needs four headers before its own; every test includes this file instead. */
#ifndef NVRM_TEST_H
#define NVRM_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/** ctest shows a program that exits with this code as skipped. */
#define TEST_SKIPPED 77

/** 1 under AddressSanitizer, where long tests do less. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TEST_SANITIZED 1
#endif
#endif
#if !defined(TEST_SANITIZED) && defined(__SANITIZE_ADDRESS__)
#define TEST_SANITIZED 1
#endif
#ifndef TEST_SANITIZED
#define TEST_SANITIZED 0
#endif

#endif
