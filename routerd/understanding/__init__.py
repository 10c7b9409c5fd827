"""Reads requests: one ONNX model turns the last user intent into task, complexity and embedding.

The way of a request: `input_text` builds a short text from the last user intent (shared with
training, so that the model sees at run time what it was taught on), `tokens` turns it into ids,
`onnx_session` runs the checked model, `classifier` does it off the event loop within a budget.
Nothing here opens a connection or keeps prompt text beyond the call.
"""
