package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// header is what the pages are made of, in the order of the file.
type header struct {
	version     string
	intro       []paragraph // what the file is
	conventions []paragraph
	dropin      []paragraph // the last comment
	groups      []*group
	defines     []define
	structs     []structure
}

// group is a part of the header, with a heading.
type group struct {
	title     string
	examples  []example
	functions []function
}

type function struct {
	name      string
	prototype string
	doc       []paragraph
}

// example is a piece of code that calls functions.
type example struct {
	title string
	code  []string
}

// define is a macro, with the comment behind it.
type define struct{ name, text string }

type structure struct{ name, text string }

// paragraph is some lines of a comment, without what stands in front of each.
type paragraph []string

var (
	groupLine    = regexp.MustCompile(`^/\* -+ (.*) \*/$`)
	defineLine   = regexp.MustCompile(`^#define (\w+) `)
	structLine   = regexp.MustCompile(`^struct (memfd_go_\w+) \{$`)
	functionLine = regexp.MustCompile(`^\w[\w *]*\b(memfd_go_\w+)\(`)
	versionLine  = regexp.MustCompile(`(?m)^#define MEMFD_GO_VERSION_STRING "(.*)"$`)
)

const (
	start = "extern \"C\" {\n#endif\n"
	end   = "#ifdef __cplusplus\n}\n#endif\n"
)

func parse(text string) (*header, error) {
	top, rest, found := strings.Cut(text, start)
	if !found {
		return nil, errors.New("no extern \"C\"")
	}
	body, bottom, found := strings.Cut(rest, end)
	if !found {
		return nil, errors.New("no end of extern \"C\"")
	}
	version := versionLine.FindStringSubmatch(body)
	if version == nil {
		return nil, errors.New("no MEMFD_GO_VERSION_STRING")
	}
	h := &header{version: version[1], dropin: firstComment(bottom)}
	for _, p := range firstComment(top) {
		if len(h.conventions) > 0 || p[0] == "CONVENTIONS" {
			h.conventions = append(h.conventions, p)
		} else {
			h.intro = append(h.intro, p)
		}
	}
	if len(h.conventions) == 0 || len(h.dropin) == 0 {
		return nil, errors.New("no conventions, or no last comment")
	}
	if err := h.parseBody(strings.Split(body, "\n")); err != nil {
		return nil, err
	}
	return h, nil
}

// parseBody reads what is declared. A comment belongs to the function behind it.
func (h *header) parseBody(lines []string) error {
	var doc []paragraph
	for len(lines) > 0 {
		n := 1
		line := lines[0]
		switch {
		case groupLine.MatchString(line):
			h.groups = append(h.groups, &group{title: groupLine.FindStringSubmatch(line)[1]})
		case line == "/*":
			n = until(lines, func(l string) bool { return l == " */" })
			doc = paragraphs(lines[1 : n-1])
			if strings.HasPrefix(doc[0][0], "EXAMPLE: ") {
				h.last().examples = append(h.last().examples, examples(doc)...)
			}
		case defineLine.MatchString(line):
			n = until(lines, endsDefine)
			name := defineLine.FindStringSubmatch(line)[1]
			h.defines = append(h.defines, define{name, strings.Join(lines[:n], "\n")})
		case structLine.MatchString(line):
			n = until(lines, func(l string) bool { return l == "};" })
			name := structLine.FindStringSubmatch(line)[1]
			h.structs = append(h.structs, structure{name, strings.Join(lines[:n], "\n")})
		case functionLine.MatchString(line):
			n = until(lines, func(l string) bool { return strings.HasSuffix(l, ";") })
			name := functionLine.FindStringSubmatch(line)[1]
			if len(doc) == 0 || !strings.HasPrefix(doc[0][0], name+"() ") {
				return fmt.Errorf("the comment on %s does not begin with %[1]s()", name)
			}
			f := function{name, strings.Join(lines[:n], "\n"), doc}
			h.last().functions = append(h.last().functions, f)
			doc = nil
		}
		lines = lines[n:]
	}
	return nil
}

func (h *header) last() *group { return h.groups[len(h.groups)-1] }

func (h *header) functions() []function {
	var all []function
	for _, g := range h.groups {
		all = append(all, g.functions...)
	}
	return all
}

// until counts the lines up to and including the first that is an end.
func until(lines []string, isEnd func(string) bool) int {
	for i, l := range lines {
		if isEnd(l) {
			return i + 1
		}
	}
	return len(lines)
}

// endsDefine tells whether neither the macro nor its comment goes on.
func endsDefine(line string) bool {
	open := strings.Contains(line, "/*") && !strings.Contains(line, "*/")
	return !open && !strings.HasSuffix(line, "\\")
}

// firstComment returns the paragraphs of the first comment of several lines.
func firstComment(text string) []paragraph {
	_, text, _ = strings.Cut(text, "/*\n")
	text, _, _ = strings.Cut(text, "\n */")
	return paragraphs(strings.Split(text, "\n"))
}

// paragraphs takes the lines between /* and */ apart where one is empty.
func paragraphs(lines []string) []paragraph {
	var all []paragraph
	for i, l := range lines {
		l = strings.TrimPrefix(strings.TrimPrefix(l, " *"), " ")
		switch {
		case l == "":
		case i == 0 || strings.TrimSpace(lines[i-1]) == "*":
			all = append(all, paragraph{l})
		default:
			all[len(all)-1] = append(all[len(all)-1], l)
		}
	}
	return all
}

// examples reads a comment of examples: a title, then code that is indented.
func examples(doc []paragraph) []example {
	var all []example
	for _, p := range doc {
		if title, isTitle := strings.CutPrefix(p[0], "EXAMPLE: "); isTitle {
			all = append(all, example{title: title})
			continue
		}
		e := &all[len(all)-1]
		if len(e.code) > 0 {
			e.code = append(e.code, "")
		}
		for _, l := range p {
			e.code = append(e.code, strings.TrimPrefix(l, "    "))
		}
	}
	return all
}
