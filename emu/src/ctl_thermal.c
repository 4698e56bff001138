/* SPDX-License-Identifier: MIT */
/*
 * Thermal and performance controls: one sensor, on the GPU, that reads the card's idle
 * temperature; the card idles.
 */
#include "control.h"

#include <stdio.h>

/* One operation of THERMAL_SYSTEM_EXECUTE_V2; `at` is the path of its operands. */
struct operation {
    const char *name; /* NV2080_CTRL_THERMAL_SYSTEM_<name>_OPCODE */
    uint32_t (*run)(struct emu_call *c, const char *at);
};

static uint32_t
targets(struct emu_call *c, const char *at)
{
    emu_set(&c->p, 1, "%s.getInfoTargetsAvailable.availableTargets", at);
    return NV_OK;
}

static uint32_t
target_type(struct emu_call *c, const char *at)
{
    if (emu_get(&c->p, "%s.getInfoTargetType.targetIndex", at))
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(&c->p, emu_constant(c->p.abi, "NV2080_CTRL_THERMAL_SYSTEM_TARGET_GPU", 1),
            "%s.getInfoTargetType.type", at);
    return NV_OK;
}

static uint32_t
sensors(struct emu_call *c, const char *at)
{
    emu_set(&c->p, 1, "%s.getInfoSensorsAvailable.availableSensors", at);
    return NV_OK;
}

static uint32_t
sensor_target(struct emu_call *c, const char *at)
{
    if (emu_get(&c->p, "%s.getInfoSensorTarget.sensorIndex", at))
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(&c->p, 0, "%s.getInfoSensorTarget.targetIndex", at);
    return NV_OK;
}

static uint32_t
reading(struct emu_call *c, const char *at)
{
    if (emu_get(&c->p, "%s.getStatusSensorReading.sensorIndex", at))
        return NV_ERR_INVALID_ARGUMENT;
    emu_set(&c->p, c->card->idle_degc, "%s.getStatusSensorReading.value", at);
    return NV_OK;
}

static uint32_t
run_one(struct emu_call *c, unsigned i)
{
    static const struct operation table[] = {
        {"GET_INFO_TARGETS_AVAILABLE", targets      },
        {"GET_INFO_TARGET_TYPE",       target_type  },
        {"GET_INFO_SENSORS_AVAILABLE", sensors      },
        {"GET_INFO_SENSOR_TARGET",     sensor_target},
        {"GET_STATUS_SENSOR_READING",  reading      },
    };
    const uint64_t opcode = emu_get(&c->p, "instructionList[%u].opcode", i);
    char name[96], at[64];

    snprintf(at, sizeof(at), "instructionList[%u].operands", i);
    for (size_t k = 0; k < sizeof(table) / sizeof(table[0]); k++) {
        snprintf(name, sizeof(name), "NV2080_CTRL_THERMAL_SYSTEM_%s_OPCODE", table[k].name);
        if (emu_constant(c->p.abi, name, UINT64_MAX) == opcode)
            return table[k].run(c, at);
    }
    return NV_ERR_NOT_SUPPORTED;
}

/* A list of instructions; the first that fails ends it, unless the caller wants it to go on. */
static uint32_t
execute(struct emu_call *c)
{
    const bool go_on = emu_get(&c->p, "executeFlags") & 1;
    const uint64_t n = emu_get(&c->p, "instructionListSize");
    uint32_t good = 0, status = NV_OK;

    if (n > emu_count(&c->p, "instructionList"))
        return NV_ERR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < n && (status == NV_OK || go_on); i++) {
        status = run_one(c, i);
        emu_set(&c->p, status, "instructionList[%u].result", i);
        emu_set(&c->p, 1, "instructionList[%u].executed", i);
        good += status == NV_OK;
    }
    emu_set(&c->p, good, "successfulInstructions");
    return go_on ? NV_OK : status;
}

static uint32_t
get_pstate(struct emu_call *c)
{
    emu_set(&c->p, emu_constant(c->p.abi, "NV2080_CTRL_PERF_PSTATES_P8", 0x100), "currPstate");
    return NV_OK;
}

static const struct emu_control rows[] = {
    {"NV2080_CTRL_CMD_THERMAL_SYSTEM_EXECUTE_V2", execute   },
    {"NV2080_CTRL_CMD_PERF_GET_CURRENT_PSTATE",   get_pstate},
};
const struct emu_control_list emu_ctl_thermal = EMU_CONTROL_LIST(rows);
