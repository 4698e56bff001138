#!/bin/bash
# SPDX-License-Identifier: MIT
# Stands in for nvidia-smi on the emulated AD102, so that run.sh can be tested without a card: the figures of the emulated
# card in the form of nvidia-smi. With NVRM_SMI_LIES=1 the bus is another one.
set -u

case ${1:-} in
-L) exec "$NVRM_CLI" -t nvidia ctl subdevice NV2080_CTRL_CMD_GPU_GET_GID_INFO ;;
--query-compute-apps*) exit 0 ;;
esac
release=$("$NVRM_CLI" -t nvidia -j info | sed -n 's/^  "release": "\(.*\)",/\1/p')
bus=01
[ "${NVRM_SMI_LIES:-}" = 1 ] && bus=41
cat << EOS
<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>
	<timestamp>Fri Nov 20 12:00:00 2026</timestamp>
	<driver_version>$release</driver_version>
	<attached_gpus>1</attached_gpus>
	<gpu id="00000000:01:00.0">
		<product_name>NVIDIA GeForce RTX 4090</product_name>
		<product_architecture>Ada Lovelace</product_architecture>
		<serial>N/A</serial>
		<uuid>GPU-454d5500-4144-3130-3200-0000349a8364</uuid>
		<pci>
			<pci_bus>$bus</pci_bus>
			<pci_device>00</pci_device>
			<pci_domain>0000</pci_domain>
			<pci_device_id>268410DE</pci_device_id>
			<pci_sub_system_id>16F310DE</pci_sub_system_id>
			<pci_gpu_link_info>
				<pcie_gen>
					<max_device_link_gen>4</max_device_link_gen>
				</pcie_gen>
				<link_widths>
					<max_link_width>16x</max_link_width>
				</link_widths>
			</pci_gpu_link_info>
		</pci>
		<fb_memory_usage>
			<total>24564 MiB</total>
		</fb_memory_usage>
		<bar1_memory_usage>
			<total>32768 MiB</total>
		</bar1_memory_usage>
		<vbios_version>95.02.18.80.01</vbios_version>
	</gpu>
</nvidia_smi_log>
EOS
