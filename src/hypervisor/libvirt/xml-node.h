/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A document in XML, and small questions to its elements. NULL, for one that is not there, is an
 * element without anything. Elements belong to their document. Any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The library's own, known to this module alone. */
typedef struct _xmlDoc McXmlDocument;
typedef struct _xmlNode McXmlNode;

/* Returns: (transfer full) (nullable): NULL where @text is no XML. Loads nothing else. */
McXmlDocument *mc_xml_document_parse (const char *text);
void mc_xml_document_free (McXmlDocument *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (McXmlDocument, mc_xml_document_free)

/* Returns: (transfer none) (nullable): the root, where it has this name. */
McXmlNode *mc_xml_document_get_root (McXmlDocument *self, const char *name);

/* Returns: (transfer none) (nullable): the first element of this name among @node's children; the
 * next one among its siblings. */
McXmlNode *mc_xml_node_child (const McXmlNode *node, const char *name);
McXmlNode *mc_xml_node_next (const McXmlNode *node, const char *name);

/* Returns: (transfer none) (nullable): the first of @node's children in the namespace. */
McXmlNode *mc_xml_node_child_in (const McXmlNode *node, const char *namespace);

gboolean mc_xml_node_is_in (const McXmlNode *node, const char *namespace);

/* Returns: (transfer full): the element as text. */
char *mc_xml_node_dump (McXmlNode *node);

/* Returns: (transfer full) (nullable): an attribute. */
char *mc_xml_node_get (const McXmlNode *node, const char *attribute);

/* Returns: (transfer full) (nullable): its text. */
char *mc_xml_node_get_content (const McXmlNode *node);

/* Whether the attribute is there with this value. */
gboolean mc_xml_node_has (const McXmlNode *node, const char *attribute, const char *value);

guint64 mc_xml_node_get_number (const McXmlNode *node, const char *attribute);

/*
 * A size in bytes: the content, or the attribute where one is named. libvirt writes KiB, and takes
 * several units, which the attribute "unit" names. 0 where it is absent or does not fit.
 */
guint64 mc_xml_node_get_size (const McXmlNode *node, const char *attribute);

G_END_DECLS
