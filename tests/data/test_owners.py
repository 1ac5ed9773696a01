# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each noun owns its state: nobody but its own file assigns to a field of it, or of what it has.

A struct is a noun's where its header declares a function that changes it: mc_… (McNoun *self …), but to free it. Any other is a
record: whoever has one fills it in, and where a noun has it, it is the noun's."""

import re

import pytest
from test_arrows import SOURCE, code_of

# Nouns that others fill in, each for a reason.
FILLED_BY_OTHERS = {
    "McClient": "the command line as it is read: GOption sets what is in it",
    "McRequest": "a call of libvirt on its way from file to file: its header says what is whose",
}

# What an expression begins with: a cast, a call, or a variable; and a place in memory, by its fields.
ROOT = r"(?:\(\(\w+ \*\)[^()]*\)|\b\w+ \((?:[^()]|\([^()]*\))*\)|\b\w+)"
PLACE = rf"{ROOT}(?:(?:->|\.)\w+)+"
# An assignment to a field; one to all that a pointer points to; a function of GLib that sets what it is given.
WRITES = [rf"({PLACE})\s*(?:[-+*/%|&^]|<<|>>)?=(?!=)", rf"({PLACE})(?:\+\+|--)", rf"(?:\+\+|--)({PLACE})",
          rf"^\s*(\*(?:{PLACE}|\w+)) =(?!=)", rf"\bg_(?:clear|steal|set)_\w+ \(&({PLACE})"]


def without_indexes(code):
    inner = re.sub(r"\[[^\[\]]*\]", "", code)
    return inner if inner == code else without_indexes(inner)


def fields_of(body):
    """{field: its type}"""
    found = {}
    for kind, names in re.findall(r"^ *(?:const |struct )*(\w+) ([^();]+);", body, re.M):
        found |= {re.sub(r"const |\W", "", name): kind for name in names.split(",")}
    return found


def is_noun(name, code):
    """By what its file declares."""
    return any(not re.search(r"_(free|ref|unref)$", function) for function in re.findall(rf"\b(mc_\w+) \(\s*{name} \*self\b", code))


class Sources:
    def __init__(self, source):
        self.source = source
        self.code = {path: without_indexes(code_of(path)) for path in sorted(source.rglob("*.[ch]"))}
        self.structs = {}  # name → [(the file's name without its suffix, fields, whether it is a noun)]
        self.returned = {}  # function → type
        for path, code in self.code.items():
            for tag, body, name in re.findall(r"^(?:typedef )?struct ?(\w*)\n\{\n(.*?)^\} ?(\w*);", code, re.M | re.S):
                name = name or tag.removeprefix("_")
                noun = path.suffix == ".h" and is_noun(name, code)
                self.structs.setdefault(name, []).append((path.with_suffix(""), fields_of(body), noun))
            self.returned |= {name: kind for kind, name in re.findall(r"^(?:static |const )*(\w+) \*\s?(\w+) \(", code, re.M)}

    def struct(self, name, file):
        """Which one @file means: its own, or one of its folder, or another."""
        return min(self.structs.get(name, [(None, {}, False)]), key=lambda one: (one[0] != file, one[0] and one[0].parent != file.parent))

    def type_of(self, root, function):
        called = re.match(r"\(\((\w+) \*\)|(\w+) \(", root)
        if called:
            return called[1] or self.returned.get(called[2])
        declared = re.search(rf"\b([A-Z]\w+)\)? \**(?:const )?(?:[^;]*, \*?)?{root}\b", function)
        return declared[1] if declared else None

    def holders(self, place, function, file):
        """The types of what @place is in, the outermost first: a pointer to a part of something stands for that part."""
        all_of, root, steps = re.fullmatch(rf"(\*?)({ROOT})(.*)", place, re.S).groups()
        part = re.search(rf"\*(?:const )?{re.escape(root)}\s*=\s*&({PLACE})[;,]", function)
        if part and not part[1].startswith(root):
            return self.holders(all_of + part[1] + steps.replace("->", ".", 1), function, file)
        found = [self.type_of(root, function)]
        for field in re.findall(r"\w+", steps):
            found.append(self.struct(found[-1], file)[1].get(field))
        return found if all_of else found[:-1]

    def trespasses(self):
        """[(noun, assignment to what it has by another file than its own)]"""
        found = []
        for path, code in self.code.items():
            file = path.with_suffix("")
            for head, body in re.findall(r"^\w+ \(([^;{}]*)\)\s*^\{(.*?)^\}", code, re.M | re.S):
                for place in [place for write in WRITES for place in re.findall(write, body, re.M)]:
                    nouns = [kind for kind in self.holders(place, f"{head};{body}", file)
                             if self.struct(kind, file)[2] or self.struct(kind, file)[0] == file]
                    if nouns and self.struct(nouns[-1], file)[0] != file:
                        found.append((nouns[-1], f"{path.relative_to(self.source)}: {' '.join(place.split())}"))
        return found


def test_nobody_assigns_to_what_another_noun_has():
    assert [found for found in Sources(SOURCE).trespasses() if found[0] not in FILLED_BY_OTHERS] == []


def test_who_may_be_filled_in_by_others_is():
    assert {noun for noun, _ in Sources(SOURCE).trespasses()} == set(FILLED_BY_OTHERS)


# The check itself, on a tree that is made up: each kind of forbidden assignment is shown to it.

SOUND = {
    "refusal.h": "typedef struct\n{\n  char *words;\n  guint times;\n} McRefusal;\n\nvoid mc_refusal_clear (McRefusal *self);\n",
    "sample.h": "typedef struct\n{\n  guint64 unused;\n} McSample;\n\nvoid mc_sample_free (McSample *self);\n",
    "target.h": "typedef struct\n{\n  McRefusal refusal;\n  McSample *sample;\n  guint64 to[2];\n  guint tries;\n} McTarget;\n\n"
                "void mc_target_set (McTarget *self, guint64 to);\nconst McSample *mc_target_sample (const McTarget *self);\n",
    "target.c": "void\nmc_target_set (McTarget *self, guint64 to)\n{\n  McSample *sample = self->sample;\n\n  self->to[0] = to;\n"
                "  self->tries++;\n  self->sample->unused = sample->unused = to;\n  mc_refusal_clear (&self->refusal);\n}\n",
    "vm.h": "McTarget *mc_vm_get_target (McVm *self);\n",
    "vm.c": "struct _McVm\n{\n  McTarget target, *other;\n  guint moves;\n};\n\nvoid\nmc_vm_move (McVm *self, gpointer data)\n{\n"
            "  g_autoptr (McSample) sample = g_new0 (McSample, 1);\n  McTarget *target = &self->target;\n\n"
            "  sample->unused = self->target.to[0];\n  self->moves += target->tries == 1;\n  %s;\n}\n",
}
KINDS = {
    "self->target.to[1] = 0": "McTarget",
    "self->other->tries = 1": "McTarget",
    "self->target.refusal.times |= 1": "McRefusal",
    "self->target.sample->unused = 0": "McTarget",
    "target->to[self->moves] <<= 1": "McTarget",
    "target->refusal.times--": "McRefusal",
    "++self->target.tries": "McTarget",
    "mc_vm_get_target (self)->tries = 0": "McTarget",
    "((McTarget *)data)->tries = 0": "McTarget",
    "*target = (McTarget){ 0 }": "McTarget",
    "*self->other = (McTarget){ 0 }": "McTarget",
    "g_clear_pointer (&self->target.refusal.words, g_free)": "McRefusal",
}


@pytest.fixture
def made_up(tmp_path):
    def make(line):
        for name, text in SOUND.items():
            tmp_path.joinpath(name).write_text(text.replace("%s", line))
        return Sources(tmp_path)

    return make


def test_a_sound_tree_has_no_trespass(made_up):
    assert made_up("mc_target_set (&self->target, sample->unused)").trespasses() == []


@pytest.mark.parametrize("line", KINDS)
def test_each_kind_of_trespass_is_seen(made_up, line):
    assert [noun for noun, _ in made_up(line).trespasses()] == [KINDS[line]]
