"""Check that the server can start: `python -m app.startup` prints nothing, or one line that says why it can't."""

import models
from app import create_app
from app.settings import BadSetting


def main() -> None:
    try:
        create_app()
        models.check()
    except (BadSetting, models.SchemaMismatch) as error:
        reason = str(error)
    except models.DATABASE_ERRORS as error:
        reason = models.describe_error(error)
    else:
        return
    raise SystemExit(f"Partner Reports can't start: {reason}")


if __name__ == "__main__":
    main()
