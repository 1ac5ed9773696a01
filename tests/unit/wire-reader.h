/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written on the wire, as GDBus reads it. */
#pragma once

#include "wire.h"

/* A signal whose body is written next. */
typedef struct
{
  GByteArray *bytes; /* owned */
  McWire wire;
} WireReader;

/* Returns: (transfer none): for the body. */
McWire *wire_reader_begin (WireReader *self, const char *signature);

/* Returns: (transfer full): the body; @self is cleared. */
GVariant *wire_reader_end (WireReader *self);
