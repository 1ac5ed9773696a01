/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The moves of a VM, or of all of them, from an archive. The archive's thread. */
#pragma once

#include "archive.h"

G_BEGIN_DECLS

/*
 * @uuid: (nullable): NULL = of all VMs. @most: so many of the newest ones
 * Returns: (transfer full): floating: a(sttts): of each: the VM's UUID, when (µs since the epoch),
 * from, to, and the reason's code, oldest first: from @since_s on, before @until_s.
 */
GVariant *mc_moves_reader_read (McArchive *archive,
                                const char *uuid,
                                gint64 since_s,
                                gint64 until_s,
                                guint most,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
