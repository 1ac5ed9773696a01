/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages that are written as they go on the wire: GDBus reads in them what was written. */
#include "config.h"

#include <gio/gio.h>
#include <string.h>

#include "frame.h"
#include "wire.h"

static GDBusMessage *
read_message (const guint8 *bytes, gsize length)
{
  g_autoptr (GError) error = NULL;
  GDBusMessage *message = g_dbus_message_new_from_blob ((guchar *)bytes, length,
                                                        G_DBUS_CAPABILITY_FLAGS_NONE, &error);

  g_assert_no_error (error);
  return message;
}

static void
assert_body (GDBusMessage *message, const char *expected)
{
  GVariant *body = g_dbus_message_get_body (message);
  g_autofree char *text = body != NULL ? g_variant_print (body, TRUE) : NULL;

  g_assert_cmpstr (text, ==, expected);
}

static void
add_values (McWire *wire)
{
  guint array;

  mc_wire_add_string (wire, "grün");
  mc_wire_add_uint64 (wire, G_MAXUINT64);
  array = mc_wire_open_array (wire, 4);
  mc_wire_add_string (wire, "");
  mc_wire_add_string (wire, "b");
  mc_wire_close_array (wire, array, 4);
  mc_wire_add_bytes (wire, (const guint8 *)"\7", 1);
  array = mc_wire_open_array (wire, MC_WIRE_STRUCT);
  mc_wire_close_array (wire, array, MC_WIRE_STRUCT);
  array = mc_wire_open_array (wire, MC_WIRE_STRUCT);
  mc_wire_add_string (wire, "key");
  mc_wire_add_signature (wire, "t");
  mc_wire_add_uint64 (wire, 5);
  mc_wire_close_array (wire, array, MC_WIRE_STRUCT);
  mc_wire_add_uint32 (wire, 42);
}

static void
test_values (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  McWire wire = { .bytes = bytes };
  McWireHeader header = { .type = MC_FRAME_SIGNAL,
                          .serial = 3,
                          .path = "/a",
                          .interface = "org.example.If",
                          .member = "Member",
                          .signature = "stasya{sv}a{sv}u" };
  g_autoptr (GDBusMessage) message = NULL;

  mc_wire_begin (&wire, &header);
  add_values (&wire);
  mc_wire_end (&wire);
  message = read_message (bytes->data, bytes->len);
  g_assert_cmpint (g_dbus_message_get_message_type (message), ==, G_DBUS_MESSAGE_TYPE_SIGNAL);
  g_assert_cmpint (g_dbus_message_get_flags (message), ==, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_assert_cmpstr (g_dbus_message_get_path (message), ==, "/a");
  g_assert_cmpstr (g_dbus_message_get_interface (message), ==, "org.example.If");
  g_assert_cmpstr (g_dbus_message_get_member (message), ==, "Member");
  g_assert_null (g_dbus_message_get_destination (message));
  assert_body (message, "('grün', uint64 18446744073709551615, ['', 'b'], byte 0x07, "
                        "@a{sv} {}, {'key': <uint64 5>}, uint32 42)");
}

/* Behind another whose length is no multiple of anything: each is counted from its own beginning.
 */
static void
test_one_behind_another (void)
{
  for (guint length = 0; length < 9; length++)
    {
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autoptr (GDBusMessage) message = NULL;
      g_autofree char *text = g_strnfill (length, 'x');
      McWire wire = { .bytes = bytes };
      McWireHeader first = { .type = MC_FRAME_SIGNAL,
                             .serial = 1,
                             .path = "/",
                             .interface = "a.b",
                             .member = "C",
                             .signature = "s" };
      McWireHeader second = { .type = MC_FRAME_RETURN,
                              .serial = 2,
                              .reply_serial = 9,
                              .destination = ":1.7",
                              .signature = "at" };
      guint begin, array;

      mc_wire_begin (&wire, &first);
      mc_wire_add_string (&wire, text);
      mc_wire_end (&wire);
      begin = bytes->len;
      mc_wire_begin (&wire, &second);
      array = mc_wire_open_array (&wire, 8);
      mc_wire_add_uint64 (&wire, 6);
      mc_wire_close_array (&wire, array, 8);
      mc_wire_end (&wire);
      message = read_message (bytes->data + begin, bytes->len - begin);
      assert_body (message, "([uint64 6],)");
      g_assert_cmpuint (g_dbus_message_get_reply_serial (message), ==, 9);
      g_assert_cmpstr (g_dbus_message_get_destination (message), ==, ":1.7");
      g_assert_cmpuint (g_dbus_message_get_serial (message), ==, 2);
    }
}

/* What the thread between the bus and GDBus reads of it. */
static void
test_frame (void)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  McWire wire = { .bytes = bytes };
  McWireHeader header = {
    .type = MC_FRAME_RETURN, .serial = 2, .reply_serial = 9, .destination = ":1.7", .signature = "u"
  };
  guint64 head, whole;
  McFrame frame;

  mc_wire_begin (&wire, &header);
  mc_wire_add_uint32 (&wire, 1);
  mc_wire_end (&wire);
  mc_frame_measure (bytes->data, &head, &whole);
  g_assert_cmpuint (whole, ==, bytes->len);
  g_assert_true (mc_frame_read (&frame, bytes->data, (gsize)head));
  g_assert_cmpuint (frame.type, ==, MC_FRAME_RETURN);
  g_assert_cmpuint (frame.reply_serial, ==, 9);
  g_assert_cmpstr (frame.destination, ==, ":1.7");
}

/* Of the longest name that a bus gives, and with the longest body. */
static void
test_longest_answer (void)
{
  g_autofree char *name = g_strnfill (255, 'x');
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  McWire wire = { .bytes = bytes };
  McWireHeader header = { .type = MC_FRAME_RETURN,
                          .serial = G_MAXUINT32,
                          .reply_serial = G_MAXUINT32,
                          .destination = name,
                          .signature = "a{oa{sa{sv}}}" };
  guint64 length, whole;

  mc_wire_begin (&wire, &header);
  mc_wire_end_before (&wire, MC_WIRE_MOST_ANSWER);
  mc_frame_measure (bytes->data, &length, &whole);
  g_assert_cmpuint (length, ==, bytes->len);
  g_assert_cmpuint (whole, ==, length + MC_WIRE_MOST_ANSWER);
  g_assert_cmpuint (whole, <=, MC_WIRE_MOST_MESSAGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire/values", test_values);
  g_test_add_func ("/wire/one-behind-another", test_one_behind_another);
  g_test_add_func ("/wire/frame", test_frame);
  g_test_add_func ("/wire/longest-answer", test_longest_answer);
  return g_test_run ();
}
