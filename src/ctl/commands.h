/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every command of memcoordctl. Main thread. */
#pragma once

#include "command.h"

G_BEGIN_DECLS

/* In the order of the help; ends with one whose name is NULL. */
extern const McCommand mc_commands[];

/* Returns: (nullable): also one that is not in the help. */
const McCommand *mc_command_find (const char *name);

G_END_DECLS
