/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bus of the test's own, which ends with the test. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GSubprocess *process;
  char *address;
} OwnBus;

/* Makes it the session's, too. */
void own_bus_begin (OwnBus *self);
void own_bus_end (OwnBus *self);

G_END_DECLS
