/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The port to a hypervisor: what the coordinator needs of one, and nothing of how libvirt gives it.
 *
 * All methods are called, and all signals and callbacks arrive, on the main context's thread; none
 * of them waits. Sizes are bytes, times microseconds. VMs are named by their UUID in its
 * 36-character form.
 *
 * Signals:
 *   "notify::connected"                      the connection was made or lost (with a reason in
 * "status") "vm-started"   (uuid)                    running since now, or came in from elsewhere
 *   "vm-stopped"   (uuid)                    no longer active
 *   "vm-rebooted"  (uuid)                    same process, the guest starts anew
 *   "vm-changed"   (uuid)                    its description should be read again (device, its
 * size, metadata, rename, …) "vm-state"     (uuid, running)           suspended or resumed
 *   "balloon-changed" (uuid, bytes)          the guest has now this much
 *   "vm-crashed"   (uuid)                    its kernel panicked, and may be dumping itself
 *   "target-ended" (uuid, GError or NULL)    a set of its target that was late has really ended
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A figure that was not reported; equal to the policy's MC_UNKNOWN. */
#define MC_HYPERVISOR_UNKNOWN G_MAXUINT64

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

/*
 * One VM's figures at one moment. They are those of the balloon's part of its memory: memory
 * devices that the balloon cannot reach (virtio-mem, NVDIMM, virtio-pmem, sgx-epc) are neither in
 * the balloon nor in the capacity nor in the resident set. A guest counts virtio-mem that it has
 * online among its own: @available is at most the balloon then, @unused and @usable are at most the
 * capacity.
 */
typedef struct
{
  char uuid[37];
  char *name;
  int id;
  gboolean running; /* FALSE: paused, shutting down, crashed, suspended by the guest's power
                       management */
  gboolean busy;    /* its process did not answer: only what libvirt itself knows is here */
  guint64 balloon;  /* what the guest has now */
  guint64 capacity; /* the most that the balloon can have, and that can be set */
  guint64 resident;
  guint64 unused, usable, available;
  guint64 swap_in, swap_out; /* bytes since the guest booted */
  guint64 major_faults;      /* count since the guest booted */
  gint64 stats_time_s;       /* as libvirt tells it; 0 = the guest never reported */
} McVmSample;

typedef struct
{
  GPtrArray *vms;     /* (element-type McVmSample) owned */
  guint64 host_total; /* bytes, of virNodeGetMemoryStats; MC_HYPERVISOR_UNKNOWN where the driver has
                         none */
  guint64 host_available; /* free + buffers + cached of the same: flatters; for a hypervisor that is
                             not local */
  gint64 began_us;        /* g_get_monotonic_time() when it was asked for: what an event told since
                             may not be in it */
} McSample;

McVmSample *mc_vm_sample_new (const char *uuid, const char *name);
void mc_vm_sample_free (McVmSample *self);
McSample *mc_sample_new (void);
void mc_sample_free (McSample *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McSample, mc_sample_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McVmSample, mc_vm_sample_free)

/* What changes seldom: read when a VM appears and after "vm-changed". */
typedef struct
{
  char uuid[37];
  char *name;
  int id;
  gboolean persistent;
  gboolean has_balloon;
  gboolean autodeflate;
  gboolean free_page_reporting;
  guint stats_period_s; /* 0 = none */
  char *immovable; /* why the host gains nothing from its balloon (hugepages, VFIO, locked, SEV), or
                      NULL */
  guint64 min_guarantee; /* of <memtune>, bytes; 0 = none */
  char *ceiling_name;    /* what limits its process, for "… lets it have", or NULL */
  guint64 ceiling;       /* to so much, for what the balloon can reach and for itself; bytes */
  char *metadata;        /* the element in MemCoord's XML namespace, or NULL */
  char *stored_metadata; /* the same as the VM will have it at its next start; NULL where it has
                            none, or is not persistent */
  gint64 started_us;     /* when this process saw it start, by g_get_monotonic_time(); 0 = it was
                            running before */
} McVmDescription;

McVmDescription *mc_vm_description_new (const char *uuid);
void mc_vm_description_free (McVmDescription *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McVmDescription, mc_vm_description_free)

/* The namespace and the prefix of the element in a domain's metadata. */
#define MC_METADATA_NAMESPACE "https://example.org/memcoord/1"
#define MC_METADATA_PREFIX    "memcoord"

#define MC_TYPE_HYPERVISOR (mc_hypervisor_get_type ())
G_DECLARE_INTERFACE (McHypervisor, mc_hypervisor, MC, HYPERVISOR, GObject)

struct _McHypervisorInterface
{
  GTypeInterface parent;

  const char *(*get_uri) (McHypervisor *self);
  gboolean (*get_connected) (McHypervisor *self);
  const char *(*get_status) (McHypervisor *self);

  void (*start) (McHypervisor *self);
  void (*stop_async) (McHypervisor *self, GAsyncReadyCallback callback, gpointer user_data);
  gboolean (*is_local) (McHypervisor *self);

  void (*sample_async) (McHypervisor *self,
                        gint64 deadline_us,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
  McSample *(*sample_finish) (McHypervisor *self, GAsyncResult *result, GError **error);

  void (*describe_async) (McHypervisor *self,
                          const char *uuid,
                          GAsyncReadyCallback callback,
                          gpointer user_data);
  McVmDescription *(*describe_finish) (McHypervisor *self, GAsyncResult *result, GError **error);

  void (*set_target_async) (McHypervisor *self,
                            const char *uuid,
                            guint64 bytes,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
  void (*set_stats_period_async) (McHypervisor *self,
                                  const char *uuid,
                                  guint seconds,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
  void (*set_metadata_async) (McHypervisor *self,
                              const char *uuid,
                              const char *element,
                              const char *stored,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
  gboolean (*call_finish) (McHypervisor *self, GAsyncResult *result, GError **error);
};

/* Properties: "uri" (s), "connected" (b), "status" (s: why it is not connected, for people; empty
 * when it is). */
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
 * Reads every active VM and the host in one call. Ends with MC_HYPERVISOR_ERROR_TIMED_OUT at
 * @deadline_us (monotonic); before that, where one VM's process hangs, another try reads the others
 * and marks that one busy.
 */
void mc_hypervisor_sample_async (McHypervisor *self,
                                 gint64 deadline_us,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
McSample *mc_hypervisor_sample_finish (McHypervisor *self,
                                       GAsyncResult *result,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

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
 * mc_hypervisor_set_metadata_async(): @element is the whole XML element of the running VM, @stored
 * that of its stored configuration, where there is one; NULL removes it.
 * mc_hypervisor_set_target_async(): one that ended with MC_HYPERVISOR_ERROR_TIMED_OUT is still
 * under way, and may have an effect or none: "target-ended" tells, once it has really ended.
 */
void mc_hypervisor_set_target_async (McHypervisor *self,
                                     const char *uuid,
                                     guint64 bytes,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
void mc_hypervisor_set_stats_period_async (McHypervisor *self,
                                           const char *uuid,
                                           guint seconds,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
void mc_hypervisor_set_metadata_async (McHypervisor *self,
                                       const char *uuid,
                                       const char *element,
                                       const char *stored,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean mc_hypervisor_call_finish (McHypervisor *self, GAsyncResult *result, GError **error);

/* For implementations: emit the port's signals. Main thread. */
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
