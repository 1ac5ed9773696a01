/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What long bodies of answers may have of memory. */
#include "config.h"

#include <glib.h>

#include "bodies.h"

static GBytes *
add (McBodies *bodies, gsize size)
{
  GByteArray *array = g_byte_array_new ();

  g_byte_array_set_size (array, (guint)size);
  return mc_bodies_add (bodies, array);
}

static void
test_bound (void)
{
  McBodies *bodies = mc_bodies_new ();
  GBytes *first, *second;

  g_assert_true (mc_bodies_have_room (bodies, 2 * MC_BODIES_MOST)); /* there may always be one */
  first = add (bodies, MC_BODIES_MOST - 100);
  g_assert_true (mc_bodies_have_room (bodies, 100));
  g_assert_false (mc_bodies_have_room (bodies, 101));
  second = add (bodies, 100);
  g_assert_false (mc_bodies_have_room (bodies, 1));
  g_bytes_unref (g_bytes_ref (first)); /* it is shared */
  g_assert_false (mc_bodies_have_room (bodies, 1));
  g_bytes_unref (first);
  g_assert_true (mc_bodies_have_room (bodies, MC_BODIES_MOST - 100));
  mc_bodies_free (bodies);
  g_bytes_unref (second);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bodies/bound", test_bound);
  return g_test_run ();
}
