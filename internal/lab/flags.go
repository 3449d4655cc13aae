package lab

import "strings"

// ParamFlags turns --name=value and --name value, where name is a parameter of
// any strategy or model, into --set name=value.
func ParamFlags(args []string) []string {
	names := ParamNames()
	out := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		name, value, has := strings.Cut(strings.TrimPrefix(args[i], "--"), "=")
		if !strings.HasPrefix(args[i], "--") || !names[name] {
			out = append(out, args[i])
			continue
		}
		if !has {
			if i+1 >= len(args) {
				out = append(out, "--set="+name) // the parser says that a value is missing
				continue
			}
			i++
			value = args[i]
		}
		out = append(out, "--set="+name+"="+value)
	}
	return out
}

// SuggestParam adds to a command line's "unknown flag" the parameter that may
// have been meant; other texts stay as they are.
func SuggestParam(text string) string {
	if name, ok := strings.CutPrefix(text, "unknown flag --"); ok && !strings.Contains(name, " ") {
		if like := NearParam(name); like != "" {
			text += ", did you mean --" + like + "?"
		}
	}
	return text
}
