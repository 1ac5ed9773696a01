/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What programs read: JSON with the names and units of the bus (bytes, seconds, microseconds since
 * the epoch). Main thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Prints @value on stdout; takes a floating one. Dictionaries with string keys become objects. */
void mc_json_print (GVariant *value);

/* The same on one line, written out at once, for a stream of events. */
void mc_json_print_line (GVariant *value);

G_END_DECLS
