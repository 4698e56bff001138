/* SPDX-License-Identifier: MIT */
/**
 * The synthetic firmware set: every container that a client needs to boot the emulated card.
 *
 * Formats are the public ones (ELF images of GSP-RM, linux-firmware's nvfw wrappers, FMC ELF,
 * VBIOS); the contents are our own bytes, made from a seed and carrying a marker that says so.
 * None of it runs anywhere: the emulated card recognises an image by its bytes. The same chip,
 * release and kind always give the same bytes. No globals; any thread may call anything.
 */
#ifndef EMU_SYNTH_H
#define EMU_SYNTH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum emu_synth_kind {
    EMU_SYNTH_GSP,           /* gsp_ga10x.bin, gsp_tu10x.bin: ELF64 */
    EMU_SYNTH_BOOTLOADER,    /* the RISC-V bootloader, with its descriptor */
    EMU_SYNTH_BOOTER_LOAD,   /* before Hopper: sets up WPR2 and starts GSP-RM, on SEC2 */
    EMU_SYNTH_BOOTER_UNLOAD, /* before Hopper: takes WPR2 down */
    EMU_SYNTH_SCRUBBER,      /* Ada: scrubs memory, on SEC2 */
    EMU_SYNTH_GENERIC_BL,    /* Turing, GA100: loads FWSEC, on the GSP's falcon */
    EMU_SYNTH_FMC,           /* Hopper on: what FSP starts on the GSP, ELF32 */
    EMU_SYNTH_KINDS,
};

/**
 * One file of the set.
 *
 * @param chip       "AD102"; one of emu_chip_at()
 * @param release    "570.144"
 * @param bytes_out  allocated; free() it
 * @return 0, -ENOENT (no such chip, or it boots without this kind), -EINVAL (the release is not
 *         a version number), -ENOMEM
 */
int emu_synth_file(const char *chip, const char *release, enum emu_synth_kind kind,
                   uint8_t **bytes_out, size_t *size_out);

/**
 * Where linux-firmware keeps such a file, below its root: "nvidia/ad102/gsp/booter_load-
 * 570.144.bin". Returns the length that is needed, like snprintf; 0 when the chip boots without
 * this kind.
 */
size_t emu_synth_path(const char *chip, const char *release, enum emu_synth_kind kind,
                      char *path, size_t path_bytes);

/** "booter_load": the kind's name in file names. NULL when out of range. */
const char *emu_synth_kind_name(enum emu_synth_kind kind);

/** Ways to make a VBIOS that a client must refuse. */
enum emu_vbios_knob {
    EMU_VBIOS_SOUND,
    EMU_VBIOS_NO_BIT,         /* no BIOS Information Table */
    EMU_VBIOS_BAD_CHECKSUM,   /* its header does not sum to 0 */
    EMU_VBIOS_TABLE_OUTSIDE,  /* the falcon ucode table's pointer leads out of the ROM */
    EMU_VBIOS_DESC_OUTSIDE,   /* FWSEC's descriptor does */
    EMU_VBIOS_WRONG_DESC,     /* FWSEC's descriptor is of the other version */
    EMU_VBIOS_NO_FWSEC,       /* the table has no entry for it */
    EMU_VBIOS_TRUNCATED,      /* the ROM ends in the middle of FWSEC */
    EMU_VBIOS_BAD_INTERFACE,  /* the interface table lies outside of DMEM */
    EMU_VBIOS_NO_MAPPER,      /* no DMEM mapper in the interface table */
    EMU_VBIOS_BAD_SIGNATURE,  /* the ROM does not start with 0xAA55 */
    EMU_VBIOS_OLD_SIGNATURES, /* v3: no signature for the fused version */
    EMU_VBIOS_KNOBS,
};

/** A VBIOS as PROM shows it. Same results as emu_synth_file(). */
int emu_vbios(const char *chip, enum emu_vbios_knob knob, uint8_t **bytes_out,
              size_t *size_out);

/** "no-bit": the knob's name in the fault table, behind "vbios-". NULL when out of range. */
const char *emu_vbios_knob_name(enum emu_vbios_knob knob);

#ifdef __cplusplus
}
#endif
#endif
