"""Django's command line for this project; `./iifl` wraps what people use daily."""

from iifl_server.__main__ import main

if __name__ == "__main__":
    main()
