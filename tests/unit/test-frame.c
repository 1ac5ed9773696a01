/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages as they stand in a stream: what GDBus writes is read. */
#include "config.h"

#include <gio/gio.h>
#include <string.h>

#include "frame.h"

static guchar *
write_call (GDBusMessageByteOrder order, gsize *length)
{
  g_autoptr (GDBusMessage) message
      = g_dbus_message_new_method_call ("org.example.Name", "/a/path", "org.example.If", "Member");
  guchar *blob;

  g_dbus_message_set_byte_order (message, order);
  g_dbus_message_set_sender (message, ":1.42");
  g_dbus_message_set_serial (message, 77);
  g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_dbus_message_set_body (message, g_variant_new ("(st)", "text", (guint64)5));
  blob = g_dbus_message_to_blob (message, length, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  g_assert_nonnull (blob);
  return blob;
}

static void
test_call (void)
{
  static const GDBusMessageByteOrder orders[]
      = { G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN, G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN };

  for (gsize i = 0; i < G_N_ELEMENTS (orders); i++)
    {
      gsize length;
      g_autofree guchar *blob = write_call (orders[i], &length);
      guint64 header, whole;
      McFrame frame;

      mc_frame_measure (blob, &header, &whole);
      g_assert_cmpuint (whole, ==, length);
      g_assert_true (mc_frame_read (&frame, blob, (gsize)header));
      g_assert_cmpuint (frame.type, ==, MC_FRAME_CALL);
      g_assert_cmpuint (frame.flags & MC_FRAME_NO_REPLY, !=, 0);
      g_assert_cmpuint (frame.serial, ==, 77);
      g_assert_cmpuint (frame.body, ==, whole - header);
      g_assert_cmpstr (frame.interface, ==, "org.example.If");
      g_assert_cmpstr (frame.member, ==, "Member");
      g_assert_cmpstr (frame.sender, ==, ":1.42");
      g_assert_cmpstr (frame.destination, ==, "org.example.Name");
    }
}

static void
test_answer (void)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new ();
  g_autofree guchar *blob = NULL;
  gsize length;
  guint64 header, whole;
  McFrame frame;

  g_dbus_message_set_message_type (message, G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
  g_dbus_message_set_reply_serial (message, 42);
  g_dbus_message_set_destination (message, ":1.7");
  g_dbus_message_set_serial (message, 9);
  blob = g_dbus_message_to_blob (message, &length, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  mc_frame_measure (blob, &header, &whole);
  g_assert_cmpuint (whole, ==, length);
  g_assert_true (mc_frame_read (&frame, blob, (gsize)header));
  g_assert_cmpuint (frame.type, ==, MC_FRAME_RETURN);
  g_assert_cmpuint (frame.reply_serial, ==, 42);
  g_assert_cmpstr (frame.destination, ==, ":1.7");
  g_assert_null (frame.interface);
}

/* Of a message that has begun to come. */
static void
test_rest (void)
{
  gsize length;
  g_autofree guchar *blob = write_call (G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN, &length);
  guint64 header, whole;

  mc_frame_measure (blob, &header, &whole);
  g_assert_cmpuint (mc_frame_measure_rest (NULL, 0), ==, MC_FRAME_FIXED);
  g_assert_cmpuint (mc_frame_measure_rest (blob, MC_FRAME_FIXED - 1), ==, 1);
  g_assert_cmpuint (mc_frame_measure_rest (blob, MC_FRAME_FIXED), ==, header - MC_FRAME_FIXED);
  g_assert_cmpuint (mc_frame_measure_rest (blob, header), ==, 0);
  g_assert_cmpuint (mc_frame_measure_rest (blob, whole), ==, 0);
}

/* A header that is cut, or has a length that points out of it, is none. */
static void
test_refuse (void)
{
  gsize length;
  g_autofree guchar *blob = write_call (G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN, &length);
  guint64 header, whole;
  McFrame frame;

  mc_frame_measure (blob, &header, &whole);
  for (gsize cut = 0; cut + 8 < header; cut++)
    g_assert_false (mc_frame_read (&frame, blob, cut));
  for (gsize at = MC_FRAME_FIXED; at < header; at++)
    {
      g_autofree guchar *copy = g_memdup2 (blob, header);

      copy[at] = 0xff;
      if (mc_frame_read (&frame, copy, (gsize)header) && frame.sender != NULL)
        g_assert_cmpuint (strlen (frame.sender), <, header);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/frame/call", test_call);
  g_test_add_func ("/frame/answer", test_answer);
  g_test_add_func ("/frame/rest", test_rest);
  g_test_add_func ("/frame/refuse", test_refuse);
  return g_test_run ();
}
