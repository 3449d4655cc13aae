package panel

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"strings"
)

//go:embed assets/panel.html
var pageHTML string

//go:embed assets/panel.css
var pageCSS string

//go:embed assets/panel.js
var pageScript string

// makePage puts the page together with the content policy that names its style and
// its script by their hashes: nothing else may run, load or be sent anywhere.
func makePage(theme string) (page []byte, policy string) {
	css := theme + pageCSS
	policy = "default-src 'none'; script-src 'sha256-" + digest(pageScript) + "'; style-src 'sha256-" + digest(css) + "'; connect-src 'self'; " +
		"img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
	return []byte(strings.NewReplacer("/*style*/", css, "/*script*/", pageScript).Replace(pageHTML)), policy
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}
