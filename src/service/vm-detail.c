/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A VM's status in one sentence. */
#include "config.h"

#include "vm-detail.h"

#include "plain-text.h"

/* @text: (static) */
static McVmDetail
say (const char *code, const char *text)
{
  return (McVmDetail){ .code = code, .text = text };
}

static McVmDetail tell (const char *code, const char *format, ...) G_GNUC_PRINTF (2, 3);

static McVmDetail
tell (const char *code, const char *format, ...)
{
  McVmDetail detail = { .code = code };
  va_list arguments;

  va_start (arguments, format);
  detail.text = detail.own = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return detail;
}

static McVmDetail
describe_busy (const McVmParts *vm)
{
  const char *unset = vm->target.refusal.words;
  const char *unread = vm->description.refusal.words;
  gboolean described = vm->description.current != NULL;

  if (mc_target_is_late (&vm->target) && vm->target.under_way)
    return say ("change-is-late",
                "A change of its memory has been under way for too long; it may be in a save, "
                "a snapshot or a migration.");
  if (!vm->domain.facts.busy && unset != NULL)
    return tell ("set-failed", "Setting its balloon failed, and is tried again: %s.", unset);
  if (!described && unread != NULL)
    return tell ("description-refused", "Its description cannot be read: %s.", unread);
  if (!described)
    return say ("description-unread", "Its description has not been read yet.");
  return say ("process-is-silent",
              "Its QEMU process does not answer; it is not managed until it does.");
}

/* As it is typed. */
static char *
name_of (const McVmParts *vm)
{
  return mc_plain_text_as_word (vm->domain.name, vm->domain.uuid);
}

static McVmDetail
describe_pause (const McVmParts *vm, const char *all_paused)
{
  const char *reason = mc_pause_get_reason (&vm->pause);
  g_autofree char *name = name_of (vm);

  if (!vm->pause.active)
    return say ("all-paused", all_paused != NULL ? all_paused : "");
  return tell ("paused", "Paused%s%s; to resume it: memcoordctl resume %s",
               *reason != '\0' ? ": " : "", reason, name);
}

static McVmDetail
describe_managed (const McVmParts *vm, const McVmDecision *decision)
{
  McReason reason = decision->reason;
  guint64 capacity = vm->domain.facts.capacity;
  guint64 own_maximum = vm->limits.metadata.policy.maximum;

  if (reason == MC_REASON_NO_FREE_MEMORY)
    return say ("host-has-no-more", "It needs more memory than the host has left to give.");
  if (reason == MC_REASON_GROUP_FULL)
    return tell ("group-is-full",
                 "It needs more memory than is left of %s, which it shares with others.",
                 decision->group);
  if (reason == MC_REASON_AT_MAXIMUM
      && mc_vm_limits_get_reach (&vm->limits) < MIN (capacity, own_maximum))
    return tell ("at-ceiling", "It needs more memory than %s lets it have.",
                 vm->description.current->ceiling_name);
  if (reason == MC_REASON_AT_MAXIMUM)
    return say ("at-maximum", "It needs more memory than its maximum lets it have.");
  if (reason == MC_REASON_FOREIGN)
    return say ("set-by-others",
                "Somebody else has set its memory, which is respected for a while.");
  return say ("follows-need", "Its memory follows its need.");
}

static McVmDetail
describe_silence (const McVmParts *vm, McVmStatus status)
{
  const McVmFacts *facts = &vm->domain.facts;
  const char *refused = vm->period.refusal.words;

  if (refused != NULL)
    return tell ("period-refused", "Its statistics period cannot be set: %s.", refused);
  if (vm->domain.reported_us == 0 && facts->stats_time_s > 0 && facts->unused != MC_UNKNOWN)
    return say (
        "no-report-yet",
        "The guest has reported nothing since the service started watching it; earlier reports are "
        "not used.");
  if (status == MC_VM_NO_STATS)
    return say ("no-driver",
                "The guest reports no memory statistics; load the virtio_balloon driver (in "
                "Windows, install the balloon service) in it.");
  return say ("stopped-reporting",
              "The guest has stopped reporting memory statistics, or reports implausible "
              "ones; see whether it runs, and whether its virtio_balloon driver is loaded.");
}

static McVmDetail
describe_opted_out (const McVmParts *vm)
{
  const char *problem = vm->limits.problem;
  g_autofree char *name = name_of (vm);

  if (problem != NULL)
    return tell (
        "metadata-is-invalid",
        "It is not managed, as its memcoord metadata is invalid: %s; mend it, or remove it: virsh "
        "metadata %s --uri " MC_METADATA_NAMESPACE " --remove --live --config",
        problem, name);
  if (vm->limits.metadata.managed == MC_MANAGED_NO)
    return tell ("managed-no",
                 "Its metadata says managed=\"no\"; to manage it: memcoordctl set %s managed=yes",
                 name);
  return tell ("not-marked",
               "The configuration manages marked VMs only, and its metadata does not "
               "mark it; to do so: memcoordctl set %s managed=yes",
               name);
}

static McVmDetail
describe_foreign (const McVmParts *vm)
{
  g_autofree char *name = name_of (vm);

  return tell (
      "foreign",
      "Something else sets its balloon repeatedly (pvestatd, MOM, libvirt-autoballoon or a "
      "script), and it is left to that; switch that off, or: memcoordctl set %s managed=no",
      name);
}

static McVmDetail
describe_unsupported (const McVmParts *vm)
{
  const McVmDescription *description = vm->description.current;
  const char *why = description != NULL && description->immovable != NULL
                        ? description->immovable
                        : mc_target_get_denial (&vm->target);

  if (why != NULL)
    return tell ("cannot-be-moved", "Its memory cannot be moved: %s.", why);
  return say ("no-balloon", "It has no balloon device; add <memballoon model='virtio'/> to it.");
}

void
mc_vm_detail_clear (McVmDetail *self)
{
  g_free (self->own);
}

McVmDetail
mc_vm_detail_describe (const McVmParts *vm,
                       McVmStatus status,
                       const McVmDecision *decision,
                       const char *all_paused)
{
  switch (status)
    {
    case MC_VM_MANAGED:
      return describe_managed (vm, decision);
    case MC_VM_PAUSED:
      return describe_pause (vm, all_paused);
    case MC_VM_OPTED_OUT:
      return describe_opted_out (vm);
    case MC_VM_BOOTING:
      return say ("booting",
                  "It has just started; it is not managed until its balloon driver reports.");
    case MC_VM_BUSY:
      return describe_busy (vm);
    case MC_VM_SUSPENDED:
      return vm->domain.crashed
                 ? say ("crashed", "Its kernel has crashed; it is not managed until it restarts.")
                 : say ("not-running", "It is not running; it is managed again when it runs.");
    case MC_VM_FOREIGN:
      return describe_foreign (vm);
    case MC_VM_NO_STATS:
    case MC_VM_STALE:
      return describe_silence (vm, status);
    case MC_VM_STUCK:
      return say ("stuck",
                  "The guest does not reach its target; it keeps what it has for a while. If "
                  "that does not end, see whether its balloon driver works, or raise its "
                  "minimum.");
    case MC_VM_INEFFECTIVE:
      return say (
          "ineffective",
          "The host gains nothing from what it gives; it keeps what it has for a while. If that "
          "does not end, see whether something pins its memory.");
    case MC_VM_UNSUPPORTED:
      return describe_unsupported (vm);
    default:
      g_return_val_if_reached (say ("", ""));
    }
}
