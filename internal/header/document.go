// SPDX-License-Identifier: MIT

package header

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A Document is the text of the header, from which the manual pages are generated.
type Document struct {
	Version     string
	Intro       []Paragraph
	Conventions []Paragraph
	Dropin      []Paragraph // the last comment
	Groups      []*Group
	Defines     []Text // macros, including their comments
	Structs     []Text
}

// A Group is a section of the header.
type Group struct {
	Title     string
	Examples  []Example
	Functions []Documented
}

// Documented is a function with its comment.
type Documented struct {
	Name      string
	Prototype string
	Doc       []Paragraph
}

type Example struct {
	Title string
	Code  []string
}

// Text is a declaration, unchanged.
type Text struct{ Name, Text string }

// A Paragraph is a list of lines of a comment, without the leading " * ".
type Paragraph []string

var (
	groupLine    = regexp.MustCompile(`^/\* -+ (.*) \*/$`)
	defineLine   = regexp.MustCompile(`^#define (\w+) `)
	structLine   = regexp.MustCompile(`^struct (memfd_go_\w+) \{$`)
	functionLine = regexp.MustCompile(`^\w[\w *]*\b(memfd_go_\w+)\(`)
	versionLine  = regexp.MustCompile(`(?m)^#define MEMFD_GO_VERSION_STRING "(.*)"$`)
)

const (
	begin  = "extern \"C\" {\n#endif\n"
	finish = "#ifdef __cplusplus\n}\n#endif\n"
)

// ParseDocument reads the text of the header.
func ParseDocument(text string) (*Document, error) {
	top, rest, found := strings.Cut(text, begin)
	if !found {
		return nil, errors.New("the header has no extern \"C\" {")
	}
	body, bottom, found := strings.Cut(rest, finish)
	if !found {
		return nil, errors.New("the header does not close extern \"C\"")
	}
	version := versionLine.FindStringSubmatch(body)
	if version == nil {
		return nil, errors.New("the header does not define MEMFD_GO_VERSION_STRING")
	}
	h := &Document{Version: version[1], Dropin: firstComment(bottom)}
	for _, p := range firstComment(top) {
		if len(h.Conventions) > 0 || p[0] == "CONVENTIONS" {
			h.Conventions = append(h.Conventions, p)
		} else {
			h.Intro = append(h.Intro, p)
		}
	}
	if len(h.Conventions) == 0 || len(h.Dropin) == 0 {
		return nil, errors.New("the header lacks the paragraph CONVENTIONS, or the last comment")
	}
	if err := h.parseBody(strings.Split(body, "\n")); err != nil {
		return nil, err
	}
	return h, nil
}

// parseBody reads the declarations. A comment belongs to the function after it.
func (h *Document) parseBody(lines []string) error {
	var doc []Paragraph
	for len(lines) > 0 {
		n := 1
		line := lines[0]
		switch {
		case groupLine.MatchString(line):
			h.Groups = append(h.Groups, &Group{Title: groupLine.FindStringSubmatch(line)[1]})
		case line == "/*":
			n = until(lines, func(l string) bool { return l == " */" })
			doc = paragraphs(lines[1 : n-1])
			if strings.HasPrefix(doc[0][0], "EXAMPLE: ") {
				h.last().Examples = append(h.last().Examples, examples(doc)...)
			}
		case defineLine.MatchString(line):
			n = until(lines, endsDefine)
			name := defineLine.FindStringSubmatch(line)[1]
			h.Defines = append(h.Defines, Text{name, strings.Join(lines[:n], "\n")})
		case structLine.MatchString(line):
			n = until(lines, func(l string) bool { return l == "};" })
			name := structLine.FindStringSubmatch(line)[1]
			h.Structs = append(h.Structs, Text{name, strings.Join(lines[:n], "\n")})
		case functionLine.MatchString(line):
			n = until(lines, func(l string) bool { return strings.HasSuffix(l, ";") })
			name := functionLine.FindStringSubmatch(line)[1]
			if len(doc) == 0 || !strings.HasPrefix(doc[0][0], name+"() ") {
				return fmt.Errorf("the comment of %s must begin with %[1]s()", name)
			}
			f := Documented{name, strings.Join(lines[:n], "\n"), doc}
			h.last().Functions = append(h.last().Functions, f)
			doc = nil
		}
		lines = lines[n:]
	}
	return nil
}

func (h *Document) last() *Group { return h.Groups[len(h.Groups)-1] }

// Functions returns the functions of all groups.
func (h *Document) Functions() []Documented {
	var all []Documented
	for _, g := range h.Groups {
		all = append(all, g.Functions...)
	}
	return all
}

// until counts the lines up to and including the first for which isEnd is true.
func until(lines []string, isEnd func(string) bool) int {
	for i, l := range lines {
		if isEnd(l) {
			return i + 1
		}
	}
	return len(lines)
}

// endsDefine reports whether neither the macro nor its comment continues on the next line.
func endsDefine(line string) bool {
	open := strings.Contains(line, "/*") && !strings.Contains(line, "*/")
	return !open && !strings.HasSuffix(line, "\\")
}

// firstComment returns the paragraphs of the first multi-line comment.
func firstComment(text string) []Paragraph {
	_, text, _ = strings.Cut(text, "/*\n")
	text, _, _ = strings.Cut(text, "\n */")
	return paragraphs(strings.Split(text, "\n"))
}

// paragraphs splits the lines of a comment at empty ones.
func paragraphs(lines []string) []Paragraph {
	var all []Paragraph
	for i, l := range lines {
		l = strings.TrimPrefix(strings.TrimPrefix(l, " *"), " ")
		switch {
		case l == "":
		case i == 0 || strings.TrimSpace(lines[i-1]) == "*":
			all = append(all, Paragraph{l})
		default:
			all[len(all)-1] = append(all[len(all)-1], l)
		}
	}
	return all
}

// examples reads a comment with examples, each a title and indented code.
func examples(doc []Paragraph) []Example {
	var all []Example
	for _, p := range doc {
		if title, isTitle := strings.CutPrefix(p[0], "EXAMPLE: "); isTitle {
			all = append(all, Example{Title: title})
			continue
		}
		e := &all[len(all)-1]
		if len(e.Code) > 0 {
			e.Code = append(e.Code, "")
		}
		for _, l := range p {
			e.Code = append(e.Code, strings.TrimPrefix(l, "    "))
		}
	}
	return all
}
