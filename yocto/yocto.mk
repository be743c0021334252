# The board's verbs, for the Makefile to include.
.PHONY: image flash yocto-check unit-check

image: bundle ## build the SD image with kas (hours, 70 GB); KAS=FILE for another release
	@scripts/yocto-image.sh $(KAS)

flash: ## write the SD image to a card; DEVICE=/dev/... [IMAGE=FILE.wic.zst]
	@scripts/flash.sh "$(DEVICE)" $(IMAGE)

yocto-check: ## check the Yocto layer offline; LAYERS=folder with clones of bitbake and the layers
	@scripts/yocto-check.sh $(LAYERS)

unit-check: ## verify the shipped systemd units and how well they are sealed off
	@scripts/yocto-units.sh
