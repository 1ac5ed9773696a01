/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The coordinator: sample → decide → apply → publish, in cycles that never overlap, and the
 * commands that change what it does. It owns all state of the service. Main thread; nothing here
 * waits.
 *
 * Signals:
 *   "vm-added"       (McVm)
 *   "vm-removed"     (McVm)
 *   "published"      ()        views have changed: the host's, and any VM's
 *   "vm-published"   (McVm)    that one's alone
 *   "policy-changed" (uuid or NULL for the host, setting, GVariant old, GVariant new, origin)
 *   "memory-moved"   (McVm, from, to, sentence)
 *
 * An origin says who asked, for people: ":1.42 uid 1000", "configuration", "metadata", "timer".
 */
#pragma once

#include <gio/gio.h>

#include "clock.h"
#include "config-file.h"
#include "error.h"
#include "host.h"
#include "hypervisor.h"
#include "vm.h"

G_BEGIN_DECLS

typedef enum
{
  MC_STATE_STARTING,
  MC_STATE_RUNNING,
  MC_STATE_PAUSED,
  MC_STATE_DEGRADED,
} McState;

const char *mc_state_nick (McState state);

/* What the bus shows of the host. */
typedef struct
{
  McState state;
  gboolean dry_run;
  const char *hypervisor_uri;
  gboolean hypervisor_connected;
  guint64 host_total, host_available, host_promised;
  double host_used_percent;
  McHostCondition host_condition;
  guint64 low_watermark, high_watermark, host_reserve;
  guint host_usage_limit, step_limit, interval_s;
  const char *pause_reason;
  guint64 paused_until; /* µs since the epoch, 0 = until Resume */
  gboolean inhibited;
  guint64 reserved;
  guint64 free_for_new_vm;
  char **overridden; /* the thresholds that were set at run time, by the bus's names */
} McHostView;

#define MC_TYPE_COORDINATOR (mc_coordinator_get_type ())
G_DECLARE_FINAL_TYPE (McCoordinator, mc_coordinator, MC, COORDINATOR, GObject)

/*
 * Returns: (transfer full): a coordinator that rests until mc_coordinator_start().
 * @config: (transfer full): what the configuration says
 * @state_dir: (nullable): where runtime settings are kept; NULL keeps none
 */
McCoordinator *mc_coordinator_new (McHypervisor *hypervisor,
                                   McHost *host,
                                   McClock *clock,
                                   McConfig *config,
                                   const char *state_dir);

/* Before the start: whether the configuration goes with this host. What was set at run time and
 * does not is dropped, with a warning. */
gboolean mc_coordinator_check_host (McCoordinator *self, GError **error);

void mc_coordinator_start (McCoordinator *self);

/* FALSE when no cycle began for much longer than the interval: the loop turns, and the service does
 * not live. */
gboolean mc_coordinator_is_alive (McCoordinator *self);

/* Stops cycles, puts back what was changed in VMs (for 3 s at most), stops the hypervisor (5 s),
 * waits for the disk (3 s), and calls back. */
void
mc_coordinator_stop_async (McCoordinator *self, GAsyncReadyCallback callback, gpointer user_data);
void mc_coordinator_stop_finish (McCoordinator *self, GAsyncResult *result);

/* Returns: (transfer none): one line for people, how it is doing; valid until the main loop runs
 * on.
 */
const char *mc_coordinator_get_status (McCoordinator *self);

/* Calls back when every change of a setting so far is on the disk, or has failed to get there and
 * was taken back. Returns: whether it is there. */
void
mc_coordinator_settle_async (McCoordinator *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean mc_coordinator_settle_finish (McCoordinator *self, GAsyncResult *result, GError **error);

/* Returns: (transfer none): valid until the main loop runs on. */
const McHostView *mc_coordinator_get_view (McCoordinator *self);

/* Returns: (transfer container) (element-type McVm): every VM that is active. */
GPtrArray *mc_coordinator_list_vms (McCoordinator *self);

/* Returns: (transfer none) (nullable) */
McVm *mc_coordinator_lookup_vm (McCoordinator *self, const char *uuid);

/* @values: a{st}. All or none of it is set. */
gboolean mc_coordinator_set_thresholds (McCoordinator *self,
                                        GVariant *values,
                                        const char *origin,
                                        GError **error);

/* @names: empty = all. */
gboolean mc_coordinator_reset_thresholds (McCoordinator *self,
                                          const char *const *names,
                                          const char *origin,
                                          GError **error);

/* @seconds: 0 = until mc_coordinator_resume(). */
gboolean mc_coordinator_pause (
    McCoordinator *self, const char *reason, guint seconds, const char *origin, GError **error);
gboolean mc_coordinator_resume (McCoordinator *self, const char *origin, GError **error);

gboolean mc_coordinator_set_dry_run (McCoordinator *self,
                                     gboolean dry_run,
                                     const char *origin,
                                     GError **error);

/* Reads the configuration again, in a thread of its own; all or nothing. */
void mc_coordinator_reload_async (McCoordinator *self,
                                  const char *origin,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean mc_coordinator_reload_finish (McCoordinator *self, GAsyncResult *result, GError **error);

/*
 * The same for one VM. Its thresholds are kept in the VM's own metadata, so setting them ends when
 * that is written.
 */
void mc_coordinator_vm_set_thresholds_async (McCoordinator *self,
                                             McVm *vm,
                                             GVariant *values,
                                             const char *origin,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
void mc_coordinator_vm_reset_thresholds_async (McCoordinator *self,
                                               McVm *vm,
                                               const char *const *names,
                                               const char *origin,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
gboolean
mc_coordinator_vm_thresholds_finish (McCoordinator *self, GAsyncResult *result, GError **error);
gboolean mc_coordinator_vm_pause (McCoordinator *self,
                                  McVm *vm,
                                  const char *reason,
                                  guint seconds,
                                  const char *origin,
                                  GError **error);
gboolean
mc_coordinator_vm_resume (McCoordinator *self, McVm *vm, const char *origin, GError **error);

/* What rests while somebody holds it. Returns: an id for mc_coordinator_uninhibit(). */
typedef struct
{
  guint id;
  char *who; /* as the caller calls itself */
  char *why;
  char *origin;
  guint uid;
  guint pid;
  guint64 since; /* µs since the epoch */
} McInhibitor;

guint mc_coordinator_inhibit (McCoordinator *self,
                              const char *who,
                              const char *why,
                              const char *origin,
                              guint uid,
                              guint pid);
void mc_coordinator_uninhibit (McCoordinator *self, guint id);

/* Returns: (transfer none) (element-type McInhibitor) */
GPtrArray *mc_coordinator_list_inhibitors (McCoordinator *self);

/* What the next cycle would do on the figures there are now. */
typedef struct
{
  McVm *vm;
  guint64 from;
  guint64 to;
  McVmStatus status;
  char *sentence;
} McPlanned;

/* Returns: (transfer full) (element-type McPlanned) */
GPtrArray *mc_coordinator_plan (McCoordinator *self);

/*
 * Frees and holds @bytes for a VM about to start, for @seconds (0 = as long as the caller stays).
 * Ends when as much as can be had is free, with what was granted and the reservation's id; fails
 * with NO_MEMORY where none is.
 */
void mc_coordinator_reserve_async (McCoordinator *self,
                                   guint64 bytes,
                                   guint seconds,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);

/* Returns: (transfer full): the id */
char *mc_coordinator_reserve_finish (McCoordinator *self,
                                     GAsyncResult *result,
                                     guint64 *granted,
                                     GError **error);
gboolean mc_coordinator_release (McCoordinator *self, const char *id, GError **error);

G_END_DECLS
