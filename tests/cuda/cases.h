/* SPDX-License-Identifier: MIT */
/* The kernels of tests/cuda/kernels as a table: what to launch, on which SMs, with which
 * buffers, and what a processor says the buffers hold afterwards. A harness goes over
 * cuda_cases[] on any card; nothing here knows of one. */
#ifndef NVRM_TESTS_CUDA_CASES_H
#define NVRM_TESTS_CUDA_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CUDA_ARGS_MAX 8

/** SMs a case has a cubin for, as a set. */
enum cuda_sm {
    CUDA_SM75 = 1,
    CUDA_SM80 = 2,
    CUDA_SM86 = 4,
    CUDA_SM90 = 8,
    CUDA_SM89 = 16,
    CUDA_SM100 = 32,
    CUDA_SM120 = 64,
    CUDA_BLACKWELL = CUDA_SM100 | CUDA_SM120,
    CUDA_AMPERE = CUDA_SM80 | CUDA_SM86 | CUDA_SM90 | CUDA_BLACKWELL, /* Ampere and later */
    CUDA_MOST = CUDA_SM75 | CUDA_AMPERE,                              /* all but Ada */
    CUDA_EVERY = CUDA_MOST | CUDA_SM89,
};

enum cuda_arg_kind { CUDA_END, CUDA_U32, CUDA_U64, CUDA_F32, CUDA_BUFFER };

/** Fills a buffer; the same seed gives the same bytes everywhere. */
typedef void (*cuda_fill)(void *to, size_t bytes, uint64_t seed);

struct cuda_arg {
    enum cuda_arg_kind kind;
    uint64_t value; /* of a number: its bits */
    size_t bytes;   /* of a buffer */
    cuda_fill fill;
};

/** How the card's bytes are compared with ours. */
enum cuda_compare {
    CUDA_EXACT, /* bit for bit */
    CUDA_NAN32, /* bit for bit, but any NaN equals any other: buffers of float */
    CUDA_NAN64, /* of double */
    CUDA_NAN16, /* of half precision */
    CUDA_NANBF, /* of bfloat16 */
    CUDA_MUFU,  /* eight approximate functions per input, in the documented error of each */
};

struct cuda_case {
    const char *module, *kernel;
    unsigned sms; /* set of enum cuda_sm */
    uint32_t grid[3], block[3], shared_bytes;
    enum cuda_compare compare;
    struct cuda_arg args[CUDA_ARGS_MAX];

    /** Does to the buffers what the kernel does. @param p  one pointer per argument; NULL for
     * numbers */
    void (*reference)(const struct cuda_case *c, void *const *p);
};

extern const struct cuda_case cuda_cases[];
extern const size_t cuda_cases_n;

/** Number of arguments. */
unsigned cuda_case_args(const struct cuda_case *c);

/** Threads of the whole grid. */
uint32_t cuda_case_threads(const struct cuda_case *c);

/**
 * Compares one buffer of the card with ours.
 *
 * @param why    set to what differs first, in words
 * @return true when the buffers agree as c->compare asks
 */
bool cuda_case_compare(const struct cuda_case *c, unsigned arg, const void *card,
                       const void *ours, char *why, size_t why_bytes);

/* Fills. */
uint64_t cuda_random(uint64_t *state);
void fill_zero(void *to, size_t bytes, uint64_t seed);
void fill_ones(void *to, size_t bytes, uint64_t seed); /* every bit set */
void fill_bits(void *to, size_t bytes,
               uint64_t seed); /* words, with borders of the number ranges among them */
void fill_bits64(void *to, size_t bytes, uint64_t seed);  /* the same of 64 bits */
void fill_letters(void *to, size_t bytes, uint64_t seed); /* bytes a to c */
void fill_bytes01(void *to, size_t bytes, uint64_t seed); /* bytes 0 and 1 */
void fill_steps48(void *to, size_t bytes, uint64_t seed); /* words 0, 48, 96, ... */
void
fill_cells(void *to, size_t bytes,
           uint64_t seed); /* words of an atomic test: all ones where a minimum or AND starts */
void fill_cells64(void *to, size_t bytes, uint64_t seed);
void fill_floats(void *to, size_t bytes, uint64_t seed);   /* floats between -8 and 8 */
void fill_positive(void *to, size_t bytes, uint64_t seed); /* floats between 0.5 and 2 */
void fill_anyfloat(void *to, size_t bytes,
                   uint64_t seed); /* floats of every kind: NaN, infinities, denormals; no -0 */
void fill_anyfloat0(void *to, size_t bytes, uint64_t seed); /* with -0 */
void fill_anydouble(void *to, size_t bytes, uint64_t seed);
void fill_doubles(void *to, size_t bytes, uint64_t seed); /* doubles between -8 and 8 */
void fill_convert(void *to, size_t bytes,
                  uint64_t seed); /* floats around the borders of the integers */
void fill_convert64(void *to, size_t bytes, uint64_t seed);
void fill_halves(void *to, size_t bytes, uint64_t seed);    /* half precision of every kind */
void fill_allhalves(void *to, size_t bytes, uint64_t seed); /* 0, 1, 2, ... as half precision */
void fill_halves1(void *to, size_t bytes, uint64_t seed);   /* normal numbers around 1 */
void fill_bfloats1(void *to, size_t bytes, uint64_t seed);
void fill_int_f16(
    void *to, size_t bytes,
    uint64_t seed); /* small whole numbers, so that every order of adding gives the same */
void fill_int_bf16(void *to, size_t bytes, uint64_t seed);
void fill_int_f32(void *to, size_t bytes, uint64_t seed);
void fill_int_f64(void *to, size_t bytes, uint64_t seed);
void fill_mufu(void *to, size_t bytes, uint64_t seed);
void fill_twiddles(void *to, size_t bytes, uint64_t seed); /* 64 of 128 roots of one */

/* References, by the kernel's name. */
#define CUDA_REFERENCE(kernel) void ref_##kernel(const struct cuda_case *c, void *const *p)

/* Half precision and bfloat16 in exact steps. */
double ref_from_half(uint16_t h);
uint16_t ref_to_half(double x, bool to_zero);
double ref_from_bfloat(uint16_t h);
uint16_t ref_to_bfloat(double x);

/** x + y rounded to odd: the low bit remembers that bits were lost, so that rounding once more
 * is exact. */
double ref_add_odd(double x, double y);

#endif
