package panel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// webClient follows no redirection: an alarm goes where its owner said, or
// nowhere.
func webClient() *http.Client {
	return &http.Client{Timeout: 15 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Webhook posts each alarm as JSON to an address.
type Webhook struct {
	url    string
	client *http.Client
}

// NewWebhook checks the address. What it holds is as secret as a key: no error
// tells it.
func NewWebhook(address string) (*Webhook, error) {
	if err := checkAddress(address); err != nil {
		return nil, err
	}
	return &Webhook{address, webClient()}, nil
}

// Name implements Channel.
func (*Webhook) Name() string { return "webhook" }

// Send implements Channel.
func (w *Webhook) Send(ctx context.Context, a *Alarm) error {
	return post(ctx, w.client, w.url, struct {
		*Alarm
		Line string `json:"line"`
	}{a, a.Line()})
}

// Telegram sends each alarm by a bot's sendMessage, or by anything that takes the
// same request.
type Telegram struct {
	url, chat string
	client    *http.Client
}

// NewTelegram takes the server's base address ("" for Telegram's own), the bot's
// token and the chat to write to.
func NewTelegram(base, token, chat string) (*Telegram, error) {
	if base == "" {
		base = "https://api.telegram.org"
	}
	if err := checkAddress(base); err != nil {
		return nil, err
	}
	if token == "" || chat == "" {
		return nil, errors.New("a Telegram bot needs its token and a chat")
	}
	return &Telegram{strings.TrimSuffix(base, "/") + "/bot" + url.PathEscape(token) + "/sendMessage", chat, webClient()}, nil
}

// Name implements Channel.
func (*Telegram) Name() string { return "telegram" }

// Send implements Channel.
func (t *Telegram) Send(ctx context.Context, a *Alarm) error {
	return post(ctx, t.client, t.url, map[string]string{"chat_id": t.chat, "text": a.Line()})
}

func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("an address for alarms begins with https:// or http:// and names a host")
	}
	return nil
}

// post sends JSON. Errors name neither the address nor what was answered: either
// may hold a secret.
func post(ctx context.Context, client *http.Client, address string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return errors.New("the request could not be made")
	}
	req.Header.Set("Content-Type", "application/json")
	return ask(client, req)
}

func ask(client *http.Client, req *http.Request) error {
	resp, err := client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return fmt.Errorf("no answer: %w", err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)); err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	return nil
}
