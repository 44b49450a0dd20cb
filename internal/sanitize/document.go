package sanitize

import (
	"encoding/json"
	"strings"
)

// document joins the strings of a JSON text: all of them in order, and those under each name.
func (q *search) document(text string) bool {
	dec := json.NewDecoder(strings.NewReader(text[strings.IndexAny(text, "{["):]))
	values := documentStrings{byName: map[string]*strings.Builder{}}
	for {
		tok, err := dec.Token()
		if err != nil {
			break
		}
		values.take(tok)
	}
	if q.decoded("document", values.all.String()) {
		return true
	}
	for _, named := range values.byName {
		if named.Len() < values.all.Len() && q.decoded("document", named.String()) {
			return true
		}
	}
	return false
}

// documentStrings collects the strings of a JSON document, token by token.
type documentStrings struct {
	all     strings.Builder
	byName  map[string]*strings.Builder
	name    string
	objects []bool // for each open bracket, whether it is an object's
	isName  bool   // the next string is a member's name
}

func (d *documentStrings) take(token json.Token) {
	switch v := token.(type) {
	case json.Delim:
		if v == '{' || v == '[' {
			d.objects = append(d.objects, v == '{')
		} else if len(d.objects) > 0 {
			d.objects = d.objects[:len(d.objects)-1]
		}
	case string:
		if d.isName {
			d.name, d.isName = v, false
			return
		}
		d.all.WriteString(v + " ")
		if d.byName[d.name] == nil {
			d.byName[d.name] = &strings.Builder{}
		}
		d.byName[d.name].WriteString(v + " ")
	}
	d.isName = len(d.objects) > 0 && d.objects[len(d.objects)-1]
}
