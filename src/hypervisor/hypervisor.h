/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The port to a hypervisor: what the coordinator needs of one, and nothing of how libvirt gives it.
 *
 * All methods are called, and all signals and callbacks arrive, on the main context's thread; none
 * of them waits. Sizes are bytes, times microseconds. VMs are named by their UUID in its
 * 36-character form.
 *
 * Signals, each with a VM's UUID as its first parameter:
 *
 *   "vm-started"       It is running since now, or has come in from elsewhere.
 *   "vm-stopped"       It is no longer active.
 *   "vm-rebooted"      The guest restarts in the same process.
 *   "vm-changed"       Its description should be read again: a device, a size, its metadata or its
 *                      name is another.
 *   "vm-state"         (boolean) It runs again, or was suspended.
 *   "balloon-changed"  (uint64) The guest has so many bytes now.
 *   "vm-crashed"       Its kernel panicked, and may be dumping itself.
 *   "target-ended"     (nullable GError) A set of its target that was late has really ended.
 */
#pragma once

#include <gio/gio.h>

#include "sample.h"
#include "vm-description.h"

G_BEGIN_DECLS

typedef enum
{
  MC_HYPERVISOR_ERROR_NOT_CONNECTED,
  MC_HYPERVISOR_ERROR_TIMED_OUT, /* no answer by the deadline; the call goes on in its thread */
  MC_HYPERVISOR_ERROR_BUSY,      /* a call for this VM is still under way, or it does not answer */
  MC_HYPERVISOR_ERROR_NO_VM,     /* it is not there, or no longer active */
  MC_HYPERVISOR_ERROR_UNSUPPORTED, /* the hypervisor or the VM cannot do this */
  MC_HYPERVISOR_ERROR_DENIED,      /* whoever asks may not do this */
  MC_HYPERVISOR_ERROR_FAILED,
} McHypervisorError;

#define MC_HYPERVISOR_ERROR (mc_hypervisor_error_quark ())
GQuark mc_hypervisor_error_quark (void);

/* Whether @error (nullable) is no answer, but the lack of one: TIMED_OUT or BUSY. */
gboolean mc_hypervisor_error_is_delay (const GError *error);

#define MC_TYPE_HYPERVISOR (mc_hypervisor_get_type ())
G_DECLARE_DERIVABLE_TYPE (McHypervisor, mc_hypervisor, MC, HYPERVISOR, GObject)

/* What an implementation gives. Each _async() answers with a GTask of its own, whose result is that
 * of the port's function of this name: an McSample, an McVmDescription, or TRUE. */
struct _McHypervisorClass
{
  GObjectClass parent_class;

  void (*start) (McHypervisor *self);
  void (*stop_async) (McHypervisor *self, GAsyncReadyCallback callback, gpointer user_data);
  gboolean (*is_local) (McHypervisor *self);
  void (*sample_async) (McHypervisor *self,
                        gint64 deadline_us,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
  void (*describe_async) (McHypervisor *self,
                          const char *uuid,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
  void (*set_target_async) (McHypervisor *self,
                            const char *uuid,
                            guint64 bytes,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
  void (*set_stats_period_async) (McHypervisor *self,
                                  const char *uuid,
                                  guint seconds,
                                  gboolean at_once,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
  void (*set_metadata_async) (McHypervisor *self,
                              const char *uuid,
                              const char *element,
                              const char *stored,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
};

/* Properties: "uri", given to g_object_new(); "connected"; "status": why it is not connected, for
 * people, and empty when it is. */
const char *mc_hypervisor_get_uri (McHypervisor *self);
gboolean mc_hypervisor_get_connected (McHypervisor *self);
const char *mc_hypervisor_get_status (McHypervisor *self);

/* Begins to connect, and to connect again whenever the connection is lost. */
void mc_hypervisor_start (McHypervisor *self);

/* Lets calls in flight end (for 5 s at most), closes, and calls back. Finish with
 * mc_hypervisor_call_finish(). */
void
mc_hypervisor_stop_async (McHypervisor *self, GAsyncReadyCallback callback, gpointer user_data);

/* Whether the hypervisor's memory is this machine's. */
gboolean mc_hypervisor_is_local (McHypervisor *self);

/*
 * Reads every active VM and the host. Ends with MC_HYPERVISOR_ERROR_TIMED_OUT at @deadline_us
 * (monotonic); before that, where one VM's process hangs, another try reads the others and marks
 * that one busy.
 */
void mc_hypervisor_sample_async (McHypervisor *self,
                                 gint64 deadline_us,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
McSample *mc_hypervisor_sample_finish (McHypervisor *self,
                                       GAsyncResult *result,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Samples that begin from now on ask nothing of these VMs' processes and guests, and report the CPU
 * time of all. @uuids: (transfer none) (nullable): a set of UUIDs, not changed any more; NULL: all
 * are asked, and no CPU time is reported, as always where the hypervisor is not local. */
void mc_hypervisor_let_sleep (McHypervisor *self, GHashTable *uuids);

void mc_hypervisor_describe_async (McHypervisor *self,
                                   const char *uuid,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
McVmDescription *mc_hypervisor_describe_finish (McHypervisor *self,
                                                GAsyncResult *result,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/*
 * One call of each kind per VM is in flight at most; a second ends with MC_HYPERVISOR_ERROR_BUSY,
 * and so does any for a VM that hangs. Kinds do not wait for each other.
 * mc_hypervisor_set_stats_period_async(): @at_once: the guest is also made to report now; else its
 * next report comes when the period is over.
 * mc_hypervisor_set_metadata_async(): @element is the whole XML element of the running VM, @stored
 * that of its stored configuration, where there is one; NULL removes it.
 * mc_hypervisor_set_target_async(): one that ended with MC_HYPERVISOR_ERROR_TIMED_OUT is still
 * under way, and may have an effect or none: "target-ended" says which, once it has really ended.
 */
void mc_hypervisor_set_target_async (McHypervisor *self,
                                     const char *uuid,
                                     guint64 bytes,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
void mc_hypervisor_set_stats_period_async (McHypervisor *self,
                                           const char *uuid,
                                           guint seconds,
                                           gboolean at_once,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
void mc_hypervisor_set_metadata_async (McHypervisor *self,
                                       const char *uuid,
                                       const char *element,
                                       const char *stored,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean mc_hypervisor_call_finish (McHypervisor *self, GAsyncResult *result, GError **error);

/* For implementations. Returns: (transfer none) (nullable): whom samples leave asleep now. */
GHashTable *mc_hypervisor_get_asleep (McHypervisor *self);

/* For implementations: the connection was made, lost, or could not be made. Notifies of what is
 * another than before, "status" first. */
void mc_hypervisor_set_connection (McHypervisor *self, gboolean connected, const char *status);

/* For implementations: emit the port's signals. */
void mc_hypervisor_emit_vm_started (McHypervisor *self, const char *uuid);
void mc_hypervisor_emit_vm_stopped (McHypervisor *self, const char *uuid);
void mc_hypervisor_emit_vm_rebooted (McHypervisor *self, const char *uuid);
void mc_hypervisor_emit_vm_changed (McHypervisor *self, const char *uuid);
void mc_hypervisor_emit_vm_state (McHypervisor *self, const char *uuid, gboolean running);
void mc_hypervisor_emit_balloon_changed (McHypervisor *self, const char *uuid, guint64 bytes);
void mc_hypervisor_emit_vm_crashed (McHypervisor *self, const char *uuid);

/* @error: (nullable) */
void mc_hypervisor_emit_target_ended (McHypervisor *self, const char *uuid, const GError *error);

G_END_DECLS
