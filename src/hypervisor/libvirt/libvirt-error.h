/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libvirt's errors as those of the port. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sets @error from the last error of libvirt in this thread: to be called in the thread of the call
 * that failed. @what: what it was to do, for "failed to …". */
void mc_libvirt_set_error (GError **error, const char *what);

G_END_DECLS
