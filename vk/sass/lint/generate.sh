#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Writes CUDA kernels of random straight code, branches and loops over all number formats: food for nvrm-sass-mine.
#   generate.sh SEED KERNELS > FILE.cu
set -euo pipefail
awk -v seed="$1" -v kernels="$2" '
function r(n) { return int(rand() * n) }
function u() { return "u" r(8) }
function f() { return "f" r(8) }
function d() { return "d" r(4) }
function q() { return "q" r(4) }
function h() { return "h" r(4) }
function pick(list,    a, n) { n = split(list, a, " "); return a[1 + r(n)] }
function cond(    k) {
    k = r(6)
    if (k == 0) return u() " < " u()
    if (k == 1) return "(int)" u() " > (int)" u()
    if (k == 2) return f() " < " f()
    if (k == 3) return "(" u() " & " (1 + r(255)) ") == 0"
    if (k == 4) return q() " < " q()
    return "n" r(4) " > " r(100)
}
function line(    k) {
    k = r(46)
    if (k < 3) return u() " = " u() " " pick("+ - & | ^") " " u()
    if (k < 5) return u() " = " u() " * " u() " + " u()
    if (k == 5) return u() " = " u() " << (" u() " & 31)"
    if (k == 6) return u() " = " u() " >> " (1 + r(30))
    if (k == 7) return u() " = __funnelshift_l(" u() ", " u() ", " u() ")"
    if (k == 8) return u() " = min(" u() ", " u() ")"
    if (k == 9) return u() " = (u32)max((int)" u() ", (int)" u() ")"
    if (k == 10) return u() " = " pick("__popc __brev __clz __ffs") "(" u() ")"
    if (k == 11) return u() " = __umulhi(" u() ", " u() ")"
    if (k == 12) return u() " = __byte_perm(" u() ", " u() ", " u() ")"
    if (k == 13) return u() " = " cond() " ? " u() " : " u()
    if (k == 14) return u() " = __dp4a(" u() ", " u() ", " u() ")"
    if (k < 18) return f() " = __fmaf_rn(" f() ", " f() ", " f() ")"
    if (k < 20) return f() " = " f() " " pick("+ - *") " " f()
    if (k == 20) return f() " = " pick("fminf fmaxf") "(" f() ", " f() ")"
    if (k == 21) return f() " = " pick("__sinf __cosf __expf __log2f __frcp_rn __fsqrt_rn rsqrtf") "(" f() ")"
    if (k == 22) return f() " = __fdividef(" f() ", " f() ")"
    if (k == 23) return f() " = " cond() " ? " f() " : " f()
    if (k == 24) return f() " = (float)" pick("(int) ") u()
    if (k == 25) return u() " = (u32)" pick("(int) ") f()
    if (k == 26) return u() " = __float_as_uint(" f() ") ^ " u()
    if (k < 29) return d() " = __fma_rn(" d() ", " d() ", " d() ")"
    if (k == 29) return d() " = " d() " " pick("+ *") " " d()
    if (k == 30) return d() " = " f()
    if (k == 31) return f() " = (float)" d()
    if (k == 32) return d() " = " cond() " ? " d() " : " d()
    if (k == 33) return q() " = " q() " " pick("+ - * ^ &") " " q()
    if (k == 34) return q() " = (u64)" u() " * " u() " + " q()
    if (k == 35) return q() " = " q() " " pick("<< >>") " (" u() " & 63)"
    if (k == 36) return u() " = (u32)(" q() " >> " r(33) ")"
    if (k < 39) return "asm(\"" pick("add mul sub") ".rn.f16x2 %0, %1, %2;\" : \"=r\"(" h() ") : \"r\"(" h() "), \"r\"(" h() "))"
    if (k == 39) return "asm(\"fma.rn.f16x2 %0, %1, %2, %3;\" : \"=r\"(" h() ") : \"r\"(" h() "), \"r\"(" h() "), \"r\"(" h() "))"
    if (k == 40) return h() " = " u()
    if (k == 41) return u() " ^= " h()
    if (k == 42) return "s[(t + " r(64) ") & 127] = " u()
    if (k == 43) return u() " = s[" u() " & 127]"
    if (k == 44) return u() " ^= __shfl_xor_sync(0xffffffff, " u() ", " (1 + r(31)) ")"
    return u() " += n" r(4) " " pick("* + ^ & <<") " " pick("n0 n1 n2 n3 3 7")
}
function body(depth, n,    i) {
    for (i = 0; i < n; i++) {
        if (depth < 2 && r(12) == 0) {
            printf "if (%s) {\n", cond(); body(depth + 1, 3 + r(8))
            if (r(2)) { printf "} else {\n"; body(depth + 1, 3 + r(8)) }
            printf "}\n"
        } else if (depth < 2 && r(25) == 0) {
            printf "for (u32 i%d = 0; i%d < (n%d & 15); i%d++) {\n", depth, depth, r(4), depth; body(depth + 1, 4 + r(8)); printf "}\n"
        } else
            printf "%s;\n", line()
    }
}
BEGIN {
    srand(seed)
    print "typedef unsigned u32; typedef unsigned long long u64;"
    for (k = 0; k < kernels; k++) {
        printf "extern \"C\" __global__ void k%d(u32 *o, const u32 *a, const float *x, const double *y, u32 n0, u32 n1, u32 n2, u32 n3) {\n", k
        print "__shared__ u32 s[128]; u32 t = threadIdx.x, i = blockIdx.x * blockDim.x + t;"
        for (j = 0; j < 8; j++) printf "u32 u%d = a[i * 8 + %d]; float f%d = x[i * 8 + %d];\n", j, j, j, j
        for (j = 0; j < 4; j++) printf "double d%d = y[i * 4 + %d]; u64 q%d = ((u64)u%d << 32) | u%d; u32 h%d = u%d;\n", j, j, j, j, j + 1, j, j + 4
        body(0, 30 + r(60))
        for (j = 0; j < 8; j++) printf "o[i * 32 + %d] = u%d; o[i * 32 + %d] = __float_as_uint(f%d);\n", j, j, j + 8, j
        for (j = 0; j < 4; j++) printf "o[i * 32 + %d] = h%d; ((u64 *)o)[i * 16 + %d] = q%d; ((double *)o)[i * 16 + %d] = d%d;\n", j + 16, j, j + 10, j, j + 12, j
        print "}"
    }
}'
