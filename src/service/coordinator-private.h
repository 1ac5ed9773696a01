/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The coordinator's inside, which its files share: coordinator.c (life, views and events), cycle.c
 * (sample, decide, apply, publish), target.c and stats-period.c (what is set in VMs), vm-call.c (a
 * call for one VM), host-policy.c and vm-policy.c (the policy of the host and of each VM),
 * vm-changes.c (what is written into a VM's own), vm-notes.c (what is kept of each VM), pauses.c,
 * reservations.c, service-error.c.
 */
#pragma once

#include "coordinator.h"
#include "vm-private.h"

G_BEGIN_DECLS

/* What keeps everything from being moved. */
typedef enum
{
  MC_DEGRADED_NOT,
  MC_DEGRADED_BY_HYPERVISOR,
  MC_DEGRADED_BY_HOST,
  MC_DEGRADED_BY_RESERVE,
} McDegradation;

struct _McCoordinator
{
  GObject parent;

  McHypervisor *hypervisor;
  McHost *host;
  McClock *clock;
  McStore *store;
  McSettings *settings;
  GQueue reloads; /* (element-type Reload) the first of them is being read */

  GPtrArray *vms;      /* (element-type McVm) owned, in the order they appeared */
  GHashTable *by_uuid; /* uuid → McVm, of the same */
  GHashTable *starts;  /* uuid → gint64*: started, and not sampled yet */
  GHashTable *gone; /* uuid → gint64, when it stopped: a sample begun before may still have it */

  gboolean started;
  gint64 started_us;
  gboolean sampling;
  gboolean again;  /* a cycle is wanted as soon as this one has ended */
  gboolean synced; /* a sample came since the connection was made */
  guint tick;      /* of the clock */
  gint64 tick_us;  /* when that is */
  gint64 began_us; /* when the last cycle began */
  gint64 ended_us;
  guint64 n_samples;
  guint missed; /* ticks in a row while a sample was under way */
  guint late;   /* samples in a row that brought nothing */
  guint next_described;

  McHostFigures figures;
  McHostDecision decision;
  char *host_unreadable;   /* why its figures are not known, or NULL */
  char *reserve_too_large; /* than what the host has, in words, or NULL */
  char *degraded;          /* why nothing is moved, or NULL */
  McDegradation degraded_by;
  char *pause_detail; /* why nothing is moved, by somebody's wish, or NULL */
  McHostView view;
  char *status; /* that the service manager was told */

  McPause pause;
  GPtrArray *inhibitors; /* (element-type McInhibitor) */
  guint last_inhibitor;
  GPtrArray *reservations; /* (element-type Reservation) */
  guint last_reservation;

  gboolean ending;
  GTask *stop;      /* answered when it has ended */
  guint stop_timer; /* of the clock */
  guint stop_calls; /* that it waits for */
  guint stop_disk;  /* source: that it waits for the disk */
};

/* coordinator.c */
gboolean mc_coordinator_is_ending (McCoordinator *self);
void mc_coordinator_publish (McCoordinator *self);
void mc_coordinator_publish_vm (McCoordinator *self, McVm *vm);

/* One of the calls that the end waits for has ended. */
void mc_coordinator_put_back_ended (McCoordinator *self);

void mc_coordinator_emit_policy_changed (McCoordinator *self,
                                         McVm *vm,
                                         const char *setting,
                                         GVariant *before,
                                         GVariant *after,
                                         const char *origin);
void mc_coordinator_remove_vm (McCoordinator *self, McVm *vm);

/* service-error.c */

/* Makes a service error of one of the ports' or of the policy's; @error is consumed. */
GError *mc_service_error_from (GError *error);

/* cycle.c */
void mc_cycle_begin (McCoordinator *self);
void mc_cycle_bring_forward (McCoordinator *self);
void mc_cycle_find_degraded (McCoordinator *self);

/* The policy's settings in force, with what is reserved added to the host's floor. */
McPolicySettings mc_cycle_settings (McCoordinator *self);

/* host-policy.c: whether the host has more memory than @reserve, as far as its memory is known. */
gboolean mc_host_policy_check_reserve (McCoordinator *self, guint64 reserve, GError **error);

/* vm-call.c: a call of the hypervisor for one VM. Its end needs both. */
typedef struct
{
  McCoordinator *coordinator;
  McVm *vm;
  guint seconds; /* where a statistics period is set */
} McVmCall;

McVmCall *mc_vm_call_new (McCoordinator *self, McVm *vm);
void mc_vm_call_free (McVmCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McVmCall, mc_vm_call_free)

/* target.c */

/* Brings up to date whether @vm can be told anything in this cycle. */
void mc_target_update (McCoordinator *self, McVm *vm);

/* Sets what was decided: one target after the other, and with a back-off after failures. */
void mc_target_apply (McCoordinator *self, McVm *vm, const McVmDecision *decision);

/* Sees whether what was denied is allowed now. */
void mc_target_probe (McCoordinator *self, McVm *vm);

/* Sets what @vm has as its target, where nobody knows what is in force. */
void mc_target_settle (McCoordinator *self, McVm *vm);

/* At the end: a target that nobody watches must not be one that the guest cannot reach. */
void mc_target_put_back (McCoordinator *self, McVm *vm);

/* A set that was late has ended. @error: (nullable) */
void mc_target_ended (McCoordinator *self, McVm *vm, const GError *error);

/* stats-period.c */

/* After its description was read: sees to its statistics period. */
void mc_stats_period_keep (McCoordinator *self, McVm *vm);
void mc_stats_period_put_back (McCoordinator *self, McVm *vm);

/* The target of @vm was put back, too: where its period was, nothing is left to be noted. */
void mc_stats_period_drop_note (McCoordinator *self, McVm *vm);

/* vm-policy.c */

/* Reads what @vm is made of, once more where that is under way; but not soon after a refusal. */
void mc_vm_policy_describe (McCoordinator *self, McVm *vm);
void mc_vm_policy_read (McCoordinator *self, McVm *vm); /* the same, in any case */

/* What its description has of metadata holds from now on. */
void mc_vm_policy_take_metadata (McCoordinator *self, McVm *vm, const char *origin);

/* vm-changes.c */

/* Its description was read, or, for the reason of @problem, could not be: the change that waited
 * for that goes on. */
void mc_vm_changes_go_on (McCoordinator *self, McVm *vm, const GError *problem);
void mc_vm_changes_abandon (McCoordinator *self, McVm *vm, const GError *why);

/* vm-status.c */

/* After a decision: shows and logs what lasts of its status. */
void mc_vm_follow_status (McVm *self, gint64 now_us);

/* Whether one more entry about @self may be logged now; counts it, or what is left out. */
gboolean mc_vm_may_log (McVm *self, gint64 now_us);

/* pauses.c */
void mc_pauses_init (McCoordinator *self);
void mc_pauses_restore (McCoordinator *self);
void mc_pauses_restore_vm (McCoordinator *self, McVm *vm);
void mc_pauses_forget_vm (McCoordinator *self, McVm *vm);
void mc_pauses_clear (McCoordinator *self);
void mc_pauses_update_detail (McCoordinator *self);

/* A pause lasts as long as it was meant to, whatever the wall clock does: tells anew when it ends.
 */
void mc_pauses_follow_clock (McCoordinator *self);

/* reservations.c */
guint64 mc_reservations_total (McCoordinator *self);
void mc_reservations_settle (
    McCoordinator *self); /* after a cycle: answers those who have waited long enough */
void mc_reservations_use (McCoordinator *self,
                          guint64 bytes); /* a VM started, and takes what was held for it */
void mc_reservations_init (McCoordinator *self);
void mc_reservations_clear (McCoordinator *self);

/* vm-notes.c: a VM's group in the store. Returns: (transfer full) */
char *mc_vm_notes_group (McVm *vm);
void mc_vm_notes_save (McCoordinator *self, McVm *vm);
void mc_vm_notes_open (McCoordinator *self, McVm *vm); /* drops those of an earlier life of it */
void mc_vm_notes_forget (McCoordinator *self, McVm *vm);
void mc_vm_notes_sweep (McCoordinator *self); /* drops those of VMs that are not there */

G_END_DECLS
