/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What VMs have less than their maximum, as memory was taken from them. */
#include "config.h"

#include "missing.h"

#include "give-back.h"
#include "size.h"

#define NAMED_AT_MOST 10

/* What is on its way may never be in force. */
static guint64
find_target (const McTarget *target)
{
  return target->under_way ? target->before : target->set;
}

static guint64
find_missing (McVm *vm, const McVmFacts *facts)
{
  guint64 target = find_target (&mc_vm_get_parts (vm)->target);
  guint64 has = target == MC_UNKNOWN ? facts->balloon : MAX (target, facts->balloon);

  if (!facts->reclaimed || mc_vm_get_parts (vm)->domain.gone)
    return 0;
  return saturating_sub (MIN (facts->policy.maximum, facts->capacity), has);
}

/* Why it was not given it: @why, where it could have been. What has happened since the last cycle
 * is not part of its status yet. */
static const char *
find_reason (McVm *vm, const McVmFacts *facts, const char *why)
{
  if (mc_give_back_is_possible (facts, mc_vm_get_history (vm)))
    return why;
  if (facts->paused)
    return mc_vm_status_nick (MC_VM_PAUSED);
  return mc_vm_status_nick (facts->busy ? MC_VM_BUSY : mc_vm_get_status (vm));
}

static void
add (GString *text, McVm *vm, const McVmFacts *facts, guint64 missing, const char *why)
{
  const char *reason = find_reason (vm, facts, why);
  g_autofree char *size = mc_size_format (missing);

  g_string_append_printf (text, "%s%s %s", text->len > 0 ? ", " : "", mc_vm_get_name (vm), size);
  if (reason != NULL)
    g_string_append_printf (text, " (%s)", reason);
}

void
mc_missing_log (const GPtrArray *vms, const char *why)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint n = 0;

  for (guint i = 0; i < vms->len; i++)
    {
      McVmFacts facts = mc_vm_get_facts (vms->pdata[i], FALSE);
      guint64 missing = find_missing (vms->pdata[i], &facts);

      if (missing >= MC_MIB && ++n <= NAMED_AT_MOST)
        add (text, vms->pdata[i], &facts, missing, why);
    }
  if (n > NAMED_AT_MOST)
    g_string_append_printf (text, " and %u more", n - NAMED_AT_MOST);
  if (n > 0)
    g_message ("VMs have less than their maximum, as memory was taken from them: %s; to give one "
               "its memory: virsh setmem VM SIZE --live",
               text->str);
}
