package panel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Client talks to a session's dashboard.
type Client struct {
	door Door
	http *http.Client
}

// Dial finds the dashboard whose door's file is at path.
func Dial(path string) (*Client, error) {
	d, err := ReadDoor(path)
	if err != nil {
		return nil, err
	}
	return &Client{d, &http.Client{Timeout: 20 * time.Second}}, nil
}

// Door is where the dashboard is.
func (c *Client) Door() Door { return c.door }

// State asks for a snapshot.
func (c *Client) State(ctx context.Context) (*Snapshot, error) {
	s := &Snapshot{}
	return s, c.call(ctx, http.MethodGet, "/api/state", nil, s)
}

// Do asks for an action; coin and amount may be "".
func (c *Client) Do(ctx context.Context, action, coin, amount string) error {
	body, err := json.Marshal(struct {
		Coin   string `json:"coin,omitempty"`
		Amount string `json:"amount,omitempty"`
	}{coin, amount})
	if err != nil {
		return err
	}
	var a Answer
	if err := c.call(ctx, http.MethodPost, "/api/"+action, body, &a); err != nil {
		return err
	}
	if !a.Done {
		return errors.New(a.Error)
	}
	return nil
}

func (c *Client) call(ctx context.Context, method, path string, body []byte, to any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.door.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+c.door.Token)
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w: the one of %s (process %d) does not answer", ErrNoDoor, c.door.URL, c.door.PID)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return fmt.Errorf("the dashboard's answer broke off: %w", err)
	}
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusMisdirectedRequest {
		return fmt.Errorf("%w: %s is another one's now", ErrNoDoor, c.door.URL)
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("%w: %s is not a session's dashboard", ErrNoDoor, c.door.URL)
	}
	return nil
}
