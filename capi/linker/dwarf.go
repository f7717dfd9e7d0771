// SPDX-License-Identifier: MIT

package main

import (
	"debug/dwarf"
	"debug/elf"
)

// Writing debug information: DWARF 4, which is simpler than 5 and supported by every tool.
// .debug_info has a tree for each unit: functions, and in them the inlined calls. .debug_abbrev
// describes the entries of the tree. .debug_ranges has the addresses of entries with several
// ranges, .debug_line the line tables, and .debug_aranges maps addresses to units.

// Forms of attributes.
const (
	formAddr        = 0x01
	formData4       = 0x06
	formString      = 0x08
	formData1       = 0x0b
	formUdata       = 0x0f
	formFlag        = 0x0c
	formRef4        = 0x13
	formSecOffset   = 0x17
	languageGo      = 0x16
	inlineIsInlined = 1
)

// Kinds of nodes.
const (
	nodeUnit = iota
	nodeFunction
	nodeOrigin
	nodeInlined
)

// A nodeKind is a tag with its attributes and their forms.
type nodeKind struct {
	tag        dwarf.Tag
	attributes []attribute
}

type attribute struct {
	attr dwarf.Attr
	form byte
}

var nodeKinds = []nodeKind{
	nodeUnit: {dwarf.TagCompileUnit, []attribute{
		{dwarf.AttrProducer, formString}, {dwarf.AttrLanguage, formData1}, {dwarf.AttrName, formString},
		{dwarf.AttrCompDir, formString}, {dwarf.AttrStmtList, formSecOffset}, {dwarf.AttrLowpc, formAddr},
		{dwarf.AttrRanges, formSecOffset},
	}},
	nodeFunction: {dwarf.TagSubprogram, []attribute{
		{dwarf.AttrName, formString}, {dwarf.AttrLowpc, formAddr}, {dwarf.AttrHighpc, formData4},
		{dwarf.AttrDeclFile, formUdata}, {dwarf.AttrDeclLine, formUdata}, {dwarf.AttrExternal, formFlag},
	}},
	nodeOrigin: {dwarf.TagSubprogram, []attribute{
		{dwarf.AttrName, formString}, {dwarf.AttrInline, formData1}, {dwarf.AttrDeclLine, formUdata},
	}},
	nodeInlined: {dwarf.TagInlinedSubroutine, []attribute{
		{dwarf.AttrAbstractOrigin, formRef4}, {dwarf.AttrRanges, formSecOffset},
		{dwarf.AttrCallFile, formUdata}, {dwarf.AttrCallLine, formUdata},
	}},
}

// makeDebugInfo creates the sections with debug information from the object file.
func (lib *library) makeDebugInfo(object string) error {
	units, err := lib.readDebugInfo(object)
	if err != nil {
		return err
	}
	add := func(name string, render func(b *buffer)) {
		lib.debug = append(lib.debug, &section{name: name, typ: elf.SHT_PROGBITS, align: 1, render: render})
	}
	add(".debug_line", func(b *buffer) {
		for _, u := range units {
			u.lineTable = uint32(b.len())
			b.lineUnit(u)
		}
	})
	var ranges *buffer
	add(".debug_info", func(b *buffer) {
		ranges = &buffer{arch: lib.arch}
		for _, u := range units {
			u.tree = uint32(b.len())
			b.infoUnit(u, ranges)
		}
	})
	add(".debug_aranges", func(b *buffer) {
		for _, u := range units {
			b.addressUnit(u)
		}
	})
	add(".debug_ranges", func(b *buffer) { b.bytes(ranges.data...) })
	add(".debug_abbrev", func(b *buffer) { b.abbreviations() })
	return nil
}

// abbreviations appends each kind of node twice: without children and with.
func (b *buffer) abbreviations() {
	for kind, k := range nodeKinds {
		for children := range byte(2) {
			b.node(kind, children == 1)
			b.uleb(uint64(k.tag))
			b.bytes(children)
			for _, a := range k.attributes {
				b.uleb(uint64(a.attr))
				b.uleb(uint64(a.form))
			}
			b.bytes(0, 0)
		}
	}
	b.bytes(0)
}

// node appends the code of a kind of node.
func (b *buffer) node(kind int, children bool) {
	code := 2*kind + 1
	if children {
		code++
	}
	b.uleb(uint64(code))
}

func (b *buffer) text(s string) { b.bytes(append([]byte(s), 0)...) }

// infoUnit appends a unit of .debug_info, and its ranges to ranges.
func (b *buffer) infoUnit(u *debugUnit, ranges *buffer) {
	const header = 4 // the length, which does not include itself
	body := &buffer{arch: b.arch}
	body.u16(4) // the version
	body.u32(0) // offset in .debug_abbrev
	body.bytes(byte(b.arch.wordSize()))
	body.node(nodeUnit, true)
	body.text(u.producer)
	body.bytes(languageGo)
	body.text(u.name)
	body.text(".") // file names are relative to it
	body.u32(u.lineTable)
	body.word(0) // ranges are relative to it
	body.u32(uint32(ranges.len()))
	for _, f := range u.functions {
		ranges.word(f.addr, f.addr+f.size())
	}
	ranges.word(0, 0)
	for _, o := range u.origins {
		o.ref = uint32(header + body.len())
		body.node(nodeOrigin, false)
		body.text(o.name)
		body.bytes(inlineIsInlined)
		body.uleb(uint64(o.line))
	}
	for _, f := range u.functions {
		body.node(nodeFunction, len(f.inlined) > 0)
		body.text(f.name)
		body.word(f.addr)
		body.u32(uint32(f.size()))
		body.uleb(uint64(f.file))
		body.uleb(uint64(f.line))
		if f.external {
			body.bytes(1)
		} else {
			body.bytes(0)
		}
		body.inlinedCalls(f, f.inlined, ranges)
	}
	body.bytes(0) // no more functions
	b.u32(uint32(body.len()))
	b.bytes(body.data...)
}

// inlinedCalls appends the nodes of inlined calls, and the end of the list if there
// are any.
func (b *buffer) inlinedCalls(f *debugFunction, calls []*inlinedCall, ranges *buffer) {
	for _, c := range calls {
		b.node(nodeInlined, len(c.inlined) > 0)
		b.u32(c.origin.ref, uint32(ranges.len()))
		b.uleb(uint64(c.file))
		b.uleb(uint64(c.line))
		for _, s := range c.code {
			ranges.word(f.addr+s.start, f.addr+s.end)
		}
		ranges.word(0, 0)
		b.inlinedCalls(f, c.inlined, ranges)
	}
	if len(calls) > 0 {
		b.bytes(0)
	}
}

// addressUnit appends a unit of .debug_aranges.
func (b *buffer) addressUnit(u *debugUnit) {
	word := b.arch.wordSize()
	body := &buffer{arch: b.arch}
	body.u16(2) // the version
	body.u32(u.tree)
	body.bytes(byte(word), 0)
	for (body.len()+4)%uint64(2*word) != 0 {
		body.bytes(0)
	}
	for _, f := range u.functions {
		body.word(f.addr, f.size())
	}
	body.word(0, 0)
	b.u32(uint32(body.len()))
	b.bytes(body.data...)
}

// Opcodes of .debug_line.
const (
	lineCopy           = 1
	lineAdvancePC      = 2
	lineAdvanceLine    = 3
	lineSetFile        = 4
	lineNegateStmt     = 6
	linePrologueEnd    = 10
	lineFirstSpecial   = 13 // special opcodes are not used
	lineExtended       = 0
	lineEndSequence    = 1
	lineSetAddress     = 2
	lineStmtByDefault  = 1
	lineOperationsEach = 1 // not a VLIW machine
)

// lineUnit appends a unit of .debug_line: a header with the file names, and the line number
// program.
func (b *buffer) lineUnit(u *debugUnit) {
	head := &buffer{arch: b.arch}
	head.bytes(1, lineOperationsEach, lineStmtByDefault, 0, 1, lineFirstSpecial)
	head.bytes(0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1) // numbers of operands
	head.bytes(0)                                  // no directories
	for _, name := range u.files {
		head.text(name)
		head.bytes(0, 0, 0) // directory, time, length
	}
	head.bytes(0)
	body := &buffer{arch: b.arch}
	body.u16(4) // the version
	body.u32(uint32(head.len()))
	body.bytes(head.data...)
	for _, f := range u.functions {
		body.lines(f)
	}
	b.u32(uint32(body.len()))
	b.bytes(body.data...)
}

// lines appends the program for a function.
func (b *buffer) lines(f *debugFunction) {
	b.bytes(lineExtended, byte(1+b.arch.wordSize()), lineSetAddress)
	b.word(f.addr)
	now := debugLine{file: 1, line: 1, stmt: true} // the initial state
	for _, l := range f.lines {
		if l.file != now.file {
			b.bytes(lineSetFile)
			b.uleb(uint64(l.file))
		}
		if l.stmt != now.stmt {
			b.bytes(lineNegateStmt)
		}
		if l.prologueEnd {
			b.bytes(linePrologueEnd)
		}
		b.bytes(lineAdvanceLine)
		b.sleb(l.line - now.line)
		b.bytes(lineAdvancePC)
		b.uleb(l.pc - now.pc)
		b.bytes(lineCopy)
		now = l
	}
	b.bytes(lineAdvancePC)
	b.uleb(f.size() - now.pc)
	b.bytes(lineExtended, 1, lineEndSequence)
}
