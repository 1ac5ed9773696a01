/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Aborts the program that links it when a function of libvirt's that may wait for libvirtd is
 * called on the thread that called mc_guard_main_thread(), and counts the calls of them all. It
 * stands before libvirt: the program's own functions of these names are found first.
 */
#pragma once

#include <glib.h>

void mc_guard_main_thread (void);

/* Returns: (transfer full): how often each function (by its name) was called since the last time */
GHashTable *mc_guard_take_calls (void);
