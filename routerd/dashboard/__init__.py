"""The dashboard's pages: values in, HTML out. It opens nothing, asks nobody and knows no session."""
