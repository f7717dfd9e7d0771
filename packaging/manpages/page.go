// SPDX-License-Identifier: MIT

package main

import (
	"regexp"
	"slices"
	"strings"

	"libmemfd_go/internal/header"
)

// date is the date of the last change of the text.
const date = "2026-11-30"

// An item is a tagged paragraph of a list. It may contain a list.
type item struct {
	term  string
	text  []string
	inner []item
}

var (
	termLine  = regexp.MustCompile(`^(\S(?:.*?\S)?) {2,}(\S.*)$`)
	innerLine = regexp.MustCompile(`^ +(OPT_\w+) {2,}(\S.*)$`)
	noteLine  = regexp.MustCompile(`^(?:Errors|Safe|Source): `)
	errorLine = regexp.MustCompile(`^(?:-E[A-Z0-9]+|others)\b`)
)

// title begins a page.
func (h manual) title(name, section string) *roff {
	r := new(roff)
	r.line(`.\" Generated from memfd_go.h.`)
	r.line(".TH " + strings.ToUpper(name) + " " + section + " " + date + ` "libmemfd_go ` + h.Version + `"`)
	return r
}

// page returns the page of a function.
func (h manual) page(f header.Documented) string {
	r := h.title(f.Name, "3")
	r.subject = f.Name
	r.section("NAME")
	r.text([]string{f.Name + " - " + summary(f)})
	r.section("SYNOPSIS")
	r.line(".nf")
	r.line(bold("#include <memfd_go.h>"))
	r.line(".PP")
	for _, l := range prototype(f.Prototype) {
		r.line(bold(escape(l)))
	}
	r.line(".fi")
	r.line(".PP")
	r.line(`Link with \fB\-lmemfd_go\fP.`)

	var returns, errors, notes []header.Paragraph
	r.section("DESCRIPTION")
	for _, p := range f.Doc {
		switch {
		case strings.HasPrefix(p[0], "Returns"):
			returns = append(returns, p)
		case noteLine.MatchString(p[0]) || strings.Contains(strings.Join(p, " "), "Safe: "):
			notes = append(notes, p)
		case errorLine.MatchString(p[0]):
			errors = append(errors, p)
		default:
			r.block(p)
		}
	}
	h.declarations(r, f)
	for _, s := range []struct {
		title      string
		paragraphs []header.Paragraph
	}{{"RETURN VALUE", returns}, {"ERRORS", errors}, {"NOTES", notes}} {
		if len(s.paragraphs) == 0 {
			continue
		}
		r.section(s.title)
		for _, p := range s.paragraphs {
			r.block(p)
		}
	}
	h.examples(r, f)
	h.seeAlso(r, f)
	return r.String()
}

// textWidth is the width of text on a terminal of 80 columns.
const textWidth = 73

// prototype breaks a declaration into lines of textWidth, with the parameters aligned.
func prototype(declaration string) (lines []string) {
	text := strings.Join(strings.Fields(declaration), " ")
	indent := strings.Repeat(" ", strings.Index(text, "(")+1)
	for len(text) > textWidth {
		i := strings.LastIndex(text[:textWidth], ", ")
		if i < 0 {
			break
		}
		lines = append(lines, text[:i+1])
		text = indent + text[i+2:]
	}
	return append(lines, text)
}

// narrow joins the lines of comments, and moves those that do not fit into textWidth to a line of
// their own, before the declaration.
func narrow(code []string) (lines []string) {
	const indent = 4 // of examples and declarations
	for i := 0; i < len(code); i++ {
		l := code[i]
		for strings.Contains(l, "/*") && !strings.Contains(l, "*/") && i+1 < len(code) {
			i++
			l += " " + strings.TrimSpace(code[i])
		}
		declaration, comment, ok := strings.Cut(l, "/*")
		margin := l[:len(l)-len(strings.TrimLeft(l, "\t "))]
		short := strings.TrimRight(declaration, "\t ")
		if ok && short != "" && len(short)+len(" /*"+comment)+3*strings.Count(margin, "\t") > textWidth-indent {
			lines = append(lines, margin+"/*"+comment, short)
		} else if ok && short != "" {
			lines = append(lines, short+" /*"+comment)
		} else {
			lines = append(lines, l)
		}
	}
	return lines
}

// summary is the first sentence of a function's comment, up to a colon or semicolon.
func summary(f header.Documented) string {
	text := strings.TrimPrefix(strings.Join(f.Doc[0], " "), f.Name+"() ")
	if i := strings.IndexAny(text, ":;"); i > 0 {
		text = text[:i]
	}
	text, _, _ = strings.Cut(text, ". ")
	text = strings.TrimPrefix(strings.TrimSuffix(text, "."), "is ")
	return argument.ReplaceAllString(text, "$1")
}

// block adds a paragraph or a list, depending on the first line.
func (r *roff) block(p header.Paragraph) {
	if list := items(p); list != nil {
		r.items(list)
		return
	}
	r.paragraph(p)
}

// items parses a list. It returns nil if the paragraph is not a list.
func items(p header.Paragraph) []item {
	indent := len(p[0]) - len(strings.TrimLeft(p[0], " "))
	if !termLine.MatchString(p[0][indent:]) && !errorLine.MatchString(p[0]) {
		return nil
	}
	var all []item
	for _, l := range p {
		l = l[min(indent, len(l)-len(strings.TrimLeft(l, " "))):]
		m, inner := termLine.FindStringSubmatch(l), innerLine.FindStringSubmatch(l)
		switch {
		case m != nil:
			all = append(all, item{term: m[1], text: []string{m[2]}})
		case !strings.HasPrefix(l, " "):
			all = append(all, item{term: l}) // without text
		case inner != nil:
			i := &all[len(all)-1]
			i.inner = append(i.inner, item{term: inner[1], text: []string{inner[2]}})
		default:
			i := &all[len(all)-1]
			if n := len(i.inner); n > 0 {
				i = &i.inner[n-1]
			}
			i.text = append(i.text, l)
		}
	}
	return all
}

// declarations adds the structs and constants that a function's page mentions.
func (h manual) declarations(r *roff, f header.Documented) {
	text := f.Prototype
	for _, p := range f.Doc {
		text += "\n" + strings.Join(p, "\n")
	}
	var code []string
	for _, s := range h.Structs {
		if regexp.MustCompile(`struct ` + s.Name + `\b`).MatchString(f.Prototype) {
			text += "\n" + s.Text
			code = append(code, append([]string{""}, strings.Split(s.Text, "\n")...)...)
		}
	}
	var constants []string
	for _, d := range h.Defines {
		if mentions(text, d.Name) {
			constants = append(constants, strings.Split(d.Text, "\n")...)
		}
	}
	if code = append(constants, code...); len(code) == 0 {
		return
	}
	r.section("DECLARATIONS")
	r.line("From <memfd_go.h>:")
	r.code(narrow(slices.Compact(code)))
}

// mentions reports whether a text mentions a constant, which may also be as MFD_*, as OPT_WRITE, or
// as _WRITE in an enumeration.
func mentions(text, name string) bool {
	patterns := []string{`\b` + name + `\b`}
	short, ours := strings.CutPrefix(name, "MEMFD_GO_")
	kind, rest, _ := strings.Cut(short, "_")
	switch {
	case ours && rest != "":
		patterns = append(patterns, `\b`+short+`\b`, `\bMEMFD_GO_`+kind+`_\*`)
		if strings.Contains(text, "MEMFD_GO_"+kind+"_") {
			patterns = append(patterns, `(?:, | or )_`+rest+`\b`)
		}
	case strings.HasPrefix(name, "MFD_"):
		patterns = append(patterns, `\bMFD_\*`)
	case strings.HasPrefix(name, "F_SEAL_"):
		patterns = append(patterns, `\bF_SEAL_\*`)
	}
	return regexp.MustCompile(strings.Join(patterns, "|")).MatchString(text)
}

// examples adds the examples that call the function.
func (h manual) examples(r *roff, f header.Documented) {
	first := true
	for _, g := range h.Groups {
		for _, e := range g.Examples {
			if !strings.Contains(strings.Join(e.Code, "\n"), f.Name+"(") {
				continue
			}
			if first {
				r.section("EXAMPLES")
				first = false
			}
			r.paragraph([]string{upper(e.Title) + ":"})
			r.code(e.Code)
		}
	}
}

func upper(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// seeAlso refers to the other functions of the group, and to the overview.
func (h manual) seeAlso(r *roff, f header.Documented) {
	r.section("SEE ALSO")
	for _, g := range h.Groups {
		if !slices.ContainsFunc(g.Functions, func(o header.Documented) bool { return o.Name == f.Name }) {
			continue
		}
		for _, o := range g.Functions {
			if o.Name != f.Name {
				r.line(".BR " + o.Name + " (3),")
			}
		}
	}
	r.line(".BR memfd_go (7)")
}

// overview returns memfd_go(7).
func (h manual) overview() string {
	r := h.title("memfd_go", "7")
	name, about, _ := strings.Cut(strings.Join(h.Intro[0], " "), ".h - ")
	r.section("NAME")
	r.text([]string{name + " - " + strings.TrimSuffix(about, ".")})
	r.section("DESCRIPTION")
	for _, p := range h.Intro[1:] {
		r.paragraph(p)
	}
	r.section("CONVENTIONS")
	for _, p := range h.Conventions[1:] {
		lead, rest, isItem := strings.Cut(p[0], ".  ")
		switch {
		case strings.HasPrefix(p[0], "SPDX"):
		case isItem:
			r.items([]item{{term: lead, text: append(header.Paragraph{rest}, p[1:]...)}})
		case strings.HasPrefix(p[0], " "): // belongs to the previous item
			r.line(".RS")
			r.block(p)
			r.line(".RE")
		default:
			r.block(p)
		}
	}
	r.section("FUNCTIONS")
	for _, g := range h.Groups {
		r.line(`.SS "` + g.Title + `"`)
		for _, f := range g.Functions {
			r.line(".TP")
			r.line(".BR " + f.Name + " (3)")
			r.text([]string{summary(f) + "."})
		}
	}
	r.section(h.Dropin[0][0])
	for _, p := range h.Dropin[1:] {
		r.paragraph(p)
	}
	r.section("SEE ALSO")
	r.line(".BR memfd_create (2),")
	r.line(".BR memfd_secret (2),")
	r.line(".BR fcntl (2),")
	r.line(".BR unix (7)")
	return r.String()
}
