package text

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	// Lisbon's clock must be known on a machine without zone files: the end of a key is a Lisbon midnight (R1.26).
	_ "time/tzdata"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"go.yaml.in/yaml/v3"
)

//go:embed pt/*.yaml en/*.yaml
var files embed.FS

// Catalogue holds all texts of all languages. It never changes after Load and is safe for concurrent use.
type Catalogue struct {
	plain     map[Lang]map[string]string // texts without placeholders: most of every page, so no template runs for them
	messages  map[Lang]map[string]*i18n.Message
	localizer map[Lang]*i18n.Localizer
	countries map[Lang][]Country
	zone      *time.Location
}

// Load reads the embedded texts. An error means that the binary was built from broken files; nothing starts then.
func Load() (*Catalogue, error) {
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		return nil, fmt.Errorf("load the clock of Lisbon: %w", err)
	}
	c := &Catalogue{
		plain:     map[Lang]map[string]string{},
		messages:  map[Lang]map[string]*i18n.Message{},
		localizer: map[Lang]*i18n.Localizer{},
		countries: map[Lang][]Country{},
		zone:      zone,
	}
	for _, l := range Langs() {
		if err := c.load(l); err != nil {
			return nil, err
		}
		c.countries[l] = countriesIn(l)
	}
	return c, nil
}

func (c *Catalogue) load(l Lang) error {
	// One bundle per language: a key missing in one must stay missing, not appear in the other language mid-page.
	bundle := i18n.NewBundle(languageTag(l))
	bundle.RegisterUnmarshalFunc("yaml", yaml.Unmarshal)
	c.plain[l] = map[string]string{}
	c.messages[l] = map[string]*i18n.Message{}
	names, err := fs.Glob(files, string(l)+"/*.yaml")
	if err != nil {
		return fmt.Errorf("list texts of %s: %w", l, err)
	}
	for _, name := range names {
		raw, err := files.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read texts %s: %w", name, err)
		}
		// go-i18n reads the language from the file's name; ours is the folder's.
		area := strings.TrimSuffix(path.Base(name), ".yaml")
		file, err := bundle.ParseMessageFileBytes(raw, area+"."+string(l)+".yaml")
		if err != nil {
			return fmt.Errorf("parse texts %s: %w", name, err)
		}
		for _, m := range file.Messages {
			if _, twice := c.messages[l][m.ID]; twice {
				return fmt.Errorf("texts %s: key %s is already in another file", name, m.ID)
			}
			c.messages[l][m.ID] = m
			if m.One == "" && !strings.Contains(m.Other, "{{") {
				c.plain[l][m.ID] = m.Other
			}
		}
	}
	c.localizer[l] = i18n.NewLocalizer(bundle, string(l))
	return nil
}

// T is the text of key in a language, with values filled in: args are name, value pairs (`{{.Service}}` takes "service", name; a fault's
// own arguments fit as they are). "count" also chooses singular or plural. An unknown key yields the
// key itself: a test finds it, and a person's sign-in never fails for want of a sentence.
func (c *Catalogue) T(lang Lang, key string, args ...any) string {
	if s, ok := c.plain[lang][key]; ok {
		return s
	}
	if _, ok := c.messages[lang][key]; !ok {
		return key
	}
	values := make(map[string]any, len(args)/2)
	config := i18n.LocalizeConfig{MessageID: key, TemplateData: values}
	for i := 0; i+1 < len(args); i += 2 {
		name := capitalised(fmt.Sprint(args[i]))
		values[name] = args[i+1]
		if name == "Count" {
			config.PluralCount = args[i+1]
		}
	}
	s, err := c.localizer[lang].Localize(&config)
	if err != nil {
		return key
	}
	return s
}

// Plain is a text without placeholders, which is the same whenever it is said; false for one that has some, or is missing.
func (c *Catalogue) Plain(lang Lang, key string) (string, bool) {
	s, ok := c.plain[lang][key]
	return s, ok
}

// capitalised is how a text's placeholder spells a value's name.
func capitalised(name string) string {
	if name == "" {
		return name
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// Has reports whether the key has a text in the language.
func (c *Catalogue) Has(lang Lang, key string) bool {
	_, ok := c.messages[lang][key]
	return ok
}

// Keys lists every key of a language, in no order.
func (c *Catalogue) Keys(lang Lang) []string {
	keys := make([]string, 0, len(c.messages[lang]))
	for k := range c.messages[lang] {
		keys = append(keys, k)
	}
	return keys
}
