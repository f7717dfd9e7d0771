// SPDX-License-Identifier: MIT

package main

import (
	"regexp"
	"strings"
)

// roff builds a page with the macros of man(7).
type roff struct {
	strings.Builder
	subject string // the function that the page is about
	begun   bool   // whether the section has a paragraph
}

func (r *roff) line(text string) {
	r.WriteString(text)
	r.WriteByte('\n')
}

// section begins a section.
func (r *roff) section(title string) {
	r.line(`.SH "` + title + `"`)
	r.begun = false
}

// code adds lines without filling.
func (r *roff) code(lines []string) {
	r.line(".PP")
	r.line(".in +4n")
	r.line(".nf")
	for _, l := range lines {
		r.line(protect(escape(strings.ReplaceAll(l, "\t", "    "))))
	}
	r.line(".fi")
	r.line(".in")
}

// convention is a reference to the header's conventions, which are in memfd_go(7).
var convention = regexp.MustCompile(`\(see (\w+) above\)`)

// text adds filled text to the current paragraph.
func (r *roff) text(lines []string) {
	text := strings.Join(strings.Fields(strings.Join(lines, " ")), " ")
	text = convention.ReplaceAllString(text, "(see $1 in memfd_go(7))")
	for _, sentence := range sentences(text) {
		for _, l := range wrap(r.markUp(escape(sentence))) {
			r.line(protect(l))
		}
	}
}

func (r *roff) paragraph(lines []string) {
	if r.begun {
		r.line(".PP")
	}
	r.begun = true
	r.text(lines)
}

// items adds a list of tagged paragraphs.
func (r *roff) items(all []item) {
	r.begun = true
	for _, i := range all {
		r.line(".TP")
		r.line(protect(bold(escape(i.term))))
		if len(i.text) > 0 {
			r.text(i.text)
		}
		if len(i.inner) > 0 {
			r.line(".RS")
			r.items(i.inner)
			r.line(".RE")
		}
	}
}

func bold(text string) string { return `\fB` + text + `\fP` }

// escape makes roff print the text unchanged: a backslash begins a request of roff, and the other
// characters would become typographic ones.
func escape(text string) string {
	return strings.NewReplacer(`\`, `\e`, "-", `\-`, "~", `\(ti`, "^", `\(ha`, "`", `\(ga`).Replace(text)
}

// protect prevents roff from reading a line of text as a request.
func protect(text string) string {
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		return `\&` + text
	}
	return text
}

var (
	ourFunction = regexp.MustCompile(`\b(memfd_go_\w+)\(\)`)
	otherPage   = regexp.MustCompile(`\b([A-Za-z_]\w*)(\([1-8](?:const|type|head)?\))`)
	argument    = regexp.MustCompile(`'(\*?[a-z_]\w*)'`)
	constant    = regexp.MustCompile(`\b(?:MEMFD_GO|OPT|MFD|F_SEAL|RLIMIT|SIG|O)_?[A-Z]\w*\*?|\\-E[A-Z0-9]+`)
)

// markUp sets the names of functions and constants in bold, and arguments in italics.
func (r *roff) markUp(text string) string {
	text = ourFunction.ReplaceAllStringFunc(text, func(call string) string {
		if name := strings.TrimSuffix(call, "()"); name != r.subject {
			return name + "(3)"
		}
		return bold(r.subject) + "()"
	})
	text = otherPage.ReplaceAllString(text, `\fB${1}\fP${2}`)
	text = argument.ReplaceAllString(text, `\fI${1}\fP`)
	return constant.ReplaceAllString(text, `\fB${0}\fP`)
}

var sentenceEnd = regexp.MustCompile(`([.?!]\)?) ([A-Z])`)

// sentences splits text, since in roff each sentence begins on a new line.
func sentences(text string) []string {
	return strings.Split(sentenceEnd.ReplaceAllString(text, "$1\n$2"), "\n")
}

// wrap breaks text into lines of at most 80 bytes.
func wrap(text string) []string {
	const width = 80
	var lines []string
	for len(text) > width {
		i := strings.LastIndexByte(text[:width+1], ' ')
		if i < 0 {
			break
		}
		lines = append(lines, text[:i])
		text = text[i+1:]
	}
	return append(lines, text)
}
