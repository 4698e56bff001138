/* SPDX-License-Identifier: MIT */
/*
 * Who may do what. A program is a user, or root; what is for the kernel is for nobody.
 *
 * Follows serverControl_Prologue() of control.c and _serverAllocValidatePrivilege() of
 * alloc_free.c: a control or class says for whom it is in its flags, which the schema keeps,
 * and one that says nothing is for the kernel. RS_ACCESS_NICE, the one right that controls ask
 * for, is CAP_SYS_NICE's.
 */
#include <nvrm/flags.h>

#include "kmod_priv.h"
#include "status.h"

uint32_t
kmod_class_right(const struct emu_kmod *k, uint32_t class_id)
{
    const uint64_t any = NVRM_RS_ALLOC_NON_PRIVILEGED | NVRM_RS_ALLOC_PRIVILEGED |
                         NVRM_RS_ALLOC_KERNEL_PRIVILEGED;
    const struct nvrm_class *cls = nvrm_class_by_id(k->abi, class_id);

    if (!cls || !cls->impl)
        return NV_OK; /* GSP-RM says what it thinks of that */
    if (cls->flags & NVRM_RS_INTERNAL_ONLY)
        return NV_ERR_INVALID_CLASS;
    if (!(cls->flags & any) || cls->flags & NVRM_RS_ALLOC_KERNEL_PRIVILEGED)
        return NV_ERR_INSUFFICIENT_PERMISSIONS;
    return cls->flags & NVRM_RS_ALLOC_PRIVILEGED && !k->config.root
               ? NV_ERR_INSUFFICIENT_PERMISSIONS
               : NV_OK;
}

uint32_t
kmod_control_right(const struct emu_kmod *k, uint32_t cmd)
{
    const struct nvrm_control *row = nvrm_control_by_id(k->abi, cmd);

    if (!row || !row->on)
        return NV_OK;
    if (row->access & NVRM_ACCESS_NICE && !k->config.root)
        return NV_ERR_INSUFFICIENT_PERMISSIONS;
    if (row->flags & NVRM_CTRL_INTERNAL)
        return NV_ERR_NOT_SUPPORTED;
    if (row->flags & NVRM_CTRL_PRIVILEGED && !k->config.root)
        return NV_ERR_INSUFFICIENT_PERMISSIONS;
    return row->flags & (NVRM_CTRL_PRIVILEGED | NVRM_CTRL_NON_PRIVILEGED)
               ? NV_OK
               : NV_ERR_INSUFFICIENT_PERMISSIONS;
}
