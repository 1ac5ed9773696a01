/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A clock that stands still until the test moves it. */
#include "config.h"

#include "test-clock.h"

typedef struct
{
  guint id;
  gint64 when_us;
  GSourceOnceFunc function;
  gpointer user_data;
} Due;

struct _McTestClock
{
  GObject parent;

  gint64 now_us;
  gint64 wall_us;
  guint last_id;
  GList *dues; /* (element-type Due) soonest first */
};

static gint64
test_now (McClock *clock)
{
  return MC_TEST_CLOCK (clock)->now_us;
}

static gint64
test_wall (McClock *clock)
{
  return MC_TEST_CLOCK (clock)->wall_us;
}

static int
compare_dues (gconstpointer a, gconstpointer b)
{
  const Due *left = a, *right = b;

  return (left->when_us > right->when_us) - (left->when_us < right->when_us);
}

static guint
test_call_at (McClock *clock, gint64 when_us, GSourceOnceFunc function, gpointer user_data)
{
  McTestClock *self = MC_TEST_CLOCK (clock);
  Due *due = g_new (Due, 1);

  *due = (Due){ ++self->last_id, when_us, function, user_data };
  self->dues = g_list_insert_sorted (self->dues, due, compare_dues);
  return due->id;
}

static void
test_cancel (McClock *clock, guint id)
{
  McTestClock *self = MC_TEST_CLOCK (clock);

  for (GList *l = self->dues; l != NULL; l = l->next)
    {
      Due *due = l->data;

      if (due->id != id)
        continue;
      g_free (due);
      self->dues = g_list_delete_link (self->dues, l);
      return;
    }
  g_assert_not_reached (); /* cancelled twice, or after it was called */
}

static void
clock_iface_init (McClockInterface *iface)
{
  iface->now = test_now;
  iface->wall = test_wall;
  iface->call_at = test_call_at;
  iface->cancel = test_cancel;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (McTestClock,
                               mc_test_clock,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MC_TYPE_CLOCK, clock_iface_init))

static void
mc_test_clock_init (McTestClock *self)
{
  self->now_us = 1000 * G_USEC_PER_SEC;
  self->wall_us = G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC;
}

static void
mc_test_clock_finalize (GObject *object)
{
  g_list_free_full (MC_TEST_CLOCK (object)->dues, g_free);
  G_OBJECT_CLASS (mc_test_clock_parent_class)->finalize (object);
}

static void
mc_test_clock_class_init (McTestClockClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mc_test_clock_finalize;
}

McTestClock *
mc_test_clock_new (void)
{
  return g_object_new (MC_TYPE_TEST_CLOCK, NULL);
}

void
mc_test_clock_settle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
move_to (McTestClock *self, gint64 when_us)
{
  self->wall_us += when_us - self->now_us;
  self->now_us = when_us;
}

void
mc_test_clock_advance (McTestClock *self, gint64 us)
{
  gint64 end_us = self->now_us + us;

  mc_test_clock_settle ();
  while (self->dues != NULL && ((const Due *)self->dues->data)->when_us <= end_us)
    {
      g_autofree Due *due = self->dues->data;

      self->dues = g_list_delete_link (self->dues, self->dues);
      move_to (self, MAX (due->when_us, self->now_us));
      due->function (due->user_data);
      mc_test_clock_settle ();
    }
  move_to (self, end_us);
}

void
mc_test_clock_step_wall (McTestClock *self, gint64 us)
{
  self->wall_us += us;
}
