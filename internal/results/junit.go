// SPDX-License-Identifier: MIT

package results

import (
	"encoding/xml"
	"fmt"
)

// ParseJUnit parses the report of pytest --junit-xml.
func ParseJUnit(text []byte) ([]Result, error) {
	type message struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	var report struct {
		Cases []struct {
			Class   string   `xml:"classname,attr"`
			Name    string   `xml:"name,attr"`
			Failure *message `xml:"failure"`
			Error   *message `xml:"error"`
			Skipped *message `xml:"skipped"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(text, &report); err != nil {
		return nil, fmt.Errorf("cannot parse the report of pytest: %w", err)
	}
	var results []Result
	for _, c := range report.Cases {
		r := Result{Name: c.Class + "::" + c.Name}
		switch {
		case c.Failure != nil:
			r.Status, r.Detail = Failed, Tail(c.Failure.Text)
		case c.Error != nil:
			r.Status, r.Detail = Failed, Tail(c.Error.Message+"\n"+c.Error.Text)
		case c.Skipped != nil && c.Skipped.Message != "":
			r.Status, r.Detail = Skipped, c.Skipped.Message
		case c.Skipped != nil:
			r.Status, r.Detail = Skipped, c.Skipped.Type
		}
		results = append(results, r)
	}
	return results, nil
}
