/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The socket that systemd listens on and passes at the start. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns: the listening stream socket, which is the caller's to close; -1 with an error, where
 * none or something else was passed. To be called once. */
int mc_activation_take_socket (GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
