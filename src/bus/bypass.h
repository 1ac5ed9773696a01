/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages that are written as they go on the wire, past GDBus and yet in order with what it sends:
 * GDBus sends a signal that stands for them, and where that comes by on its way to the bus (see
 * intake.h) they are put in its place. For what would be dear through GDBus: many signals at once,
 * and an answer that is as long as there are VMs.
 *
 * The main thread writes and sends; the intake's thread takes.
 */
#pragma once

#include <gio/gio.h>

#include "wire.h"

G_BEGIN_DECLS

typedef struct _McBypass McBypass;

/* Messages that are sent together. */
typedef struct
{
  GBytes *bytes;
  GBytes *body;         /* (nullable): of an answer, which @bytes has the header of */
  char *destination;    /* (nullable): of an answer, which is alone */
  guint32 reply_serial; /* of that call */
} McParcel;

void mc_parcel_free (McParcel *self);

/* Returns: (transfer none): what stands in it from @at on, @length bytes of it: 0 at its end, and
 * it may be less than all. */
const guint8 *mc_parcel_get_part (const McParcel *self, gsize at, gsize *length);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McParcel, mc_parcel_free)

/* The interface of the signal that stands for a parcel. It is never on the bus. */
#define MC_BYPASS_INTERFACE "org.example.MemCoord1.Bypass"

McBypass *mc_bypass_new (void);

/* What was sent and not taken is dropped. */
void mc_bypass_free (McBypass *self);

/* Main thread */

/* Begins a signal, behind those that were written since the last send. Returns: (transfer none):
 * for its body; to be ended by mc_bypass_end_signal(). */
McWire *mc_bypass_begin_signal (McBypass *self,
                                const char *path,
                                const char *interface,
                                const char *member,
                                const char *signature);

/* It waits from now on, and is sent with the others. */
void mc_bypass_end_signal (McBypass *self);

/* Sends the signals that were written, if there are any. They are behind whatever @connection was
 * given before, and ahead of whatever it is given from now on. */
void mc_bypass_send (McBypass *self, GDBusConnection *connection);

/* Answers @invocation when all signals were sent. @body: with @signature as it stands in a message.
 * @invocation: (transfer full) */
void mc_bypass_send_answer (McBypass *self,
                            GDBusMethodInvocation *invocation,
                            const char *signature,
                            GBytes *body);

/* Returns: how much of signals was written and has not reached the bus, in bytes, but for what the
 * intake has on its last way. Where that is more than MC_BYPASS_CROWDED, what can wait had better
 * not be written yet. */
gsize mc_bypass_get_waiting (McBypass *self);

/* More than all changes of ten thousand VMs at once: it takes a bus that does not read. */
#define MC_BYPASS_CROWDED ((gsize)16 << 20)

/* @on_relief: (nullable): called in the default main context whenever it is so no longer, instead
 * of what was set before; it returns G_SOURCE_CONTINUE. */
void mc_bypass_set_relief (McBypass *self, GSourceFunc on_relief, gpointer user_data);

/* The intake's thread */

/* Returns: (transfer full) (nullable): what the signal that has just come by stands for. It counts
 * as waiting until mc_bypass_finish(). */
McParcel *mc_bypass_take (McBypass *self);
void mc_bypass_finish (McBypass *self, McParcel *parcel);

G_END_DECLS
