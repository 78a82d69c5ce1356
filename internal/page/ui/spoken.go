package ui

import (
	"html"
	"html/template"
	"text/template/parse"

	"chave/internal/text"
)

// spoken is the pages of one language: a copy of the templates in which every text and icon that never changes stands as it is, instead of being looked up
// and escaped on each page. That is most of what a page says; what depends on a value is left to the templates.
func (s *Site) spoken(pages *template.Template, lang text.Lang) (*template.Template, error) {
	mine, err := pages.Clone()
	if err != nil {
		return nil, err
	}
	for _, t := range mine.Templates() {
		if t.Tree != nil {
			s.speak(t.Tree.Root, lang)
		}
	}
	return mine, nil
}

func (s *Site) speak(list *parse.ListNode, lang text.Lang) {
	if list == nil {
		return
	}
	for i, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			if written, ok := s.constant(n.Pipe, lang); ok {
				list.Nodes[i] = &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(written)}
			}
		case *parse.IfNode:
			s.speak(n.List, lang)
			s.speak(n.ElseList, lang)
		case *parse.WithNode:
			s.speak(n.List, lang)
			s.speak(n.ElseList, lang)
		case *parse.RangeNode:
			s.speak(n.List, lang)
			s.speak(n.ElseList, lang)
		}
	}
}

// constant writes {{.T "key"}} and {{.Icon "name"}}, however the frame is reached. The text is escaped for HTML and for quoted attributes, which are the only
// places where our templates put one.
func (s *Site) constant(pipe *parse.PipeNode, lang text.Lang) (string, bool) {
	if len(pipe.Decl) > 0 || len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) != 2 {
		return "", false
	}
	name, ok := pipe.Cmds[0].Args[1].(*parse.StringNode)
	if !ok {
		return "", false
	}
	switch method(pipe.Cmds[0].Args[0]) {
	case "T":
		if s, ok := s.texts.Plain(lang, name.Text); ok {
			return html.EscapeString(s), true
		}
	case "Icon":
		return string(icon(name.Text)), true
	}
	return "", false
}

// method is the last name of .T, $.T, .F.T or $.F.T.
func method(called parse.Node) string {
	var path []string
	switch n := called.(type) {
	case *parse.FieldNode:
		path = n.Ident
	case *parse.VariableNode:
		if n.Ident[0] == "$" {
			path = n.Ident[1:]
		}
	}
	if len(path) == 1 || len(path) == 2 && path[0] == "F" {
		return path[len(path)-1]
	}
	return ""
}
