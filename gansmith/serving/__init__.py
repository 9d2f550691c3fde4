"""A run over HTTP: samples, verdicts, the model card; bounded in everything that it takes."""
